// Whole runs on CUDA: what they leave, and that a resumed one goes on bit for bit.
#include <doctest/doctest.h>

#include "masktwins/network.h"
#include "masktwins/trainer.h"
#include "tests/cuda_device.h"
#include "tests/masktwins/small_run.h"

using namespace masktwins;
using namespace masktwins::tests;

TEST_CASE("a run on CUDA leaves what it promises, and a resumed one ends with the same bits") {
  const CudaDevice device;
  const Folder folder;
  const Config config =
      small_config(folder, {"model.norm=batch", "train.iterations=4", "train.checkpoint_every=2",
                            "train.evaluate_every=4", "train.picture_every=4", "train.log_every=2"});
  CHECK(Trainer(config, folder / "whole", false, nowhere(), Device::cuda).run());
  for (const char* file : {"metrics.json", "checkpoints/best.safetensors", "pictures/train_0000004.png"}) {
    CAPTURE(file);
    CHECK(fs::file_size(folder / "whole" / file) > 0);
  }
  // Without its last checkpoint the copy goes back to the previous one, of step 2.
  fs::copy(folder / "whole", folder / "resumed", fs::copy_options::recursive);
  fs::remove(folder / "resumed/checkpoints/last.safetensors");
  Trainer resumed(config, folder / "resumed", true, nowhere(), Device::cuda);
  CHECK(resumed.position().step == 2);
  CHECK(resumed.run());
  CHECK(data::read_file(folder / "resumed/checkpoints/last.safetensors") ==
        data::read_file(folder / "whole/checkpoints/last.safetensors"));
}
