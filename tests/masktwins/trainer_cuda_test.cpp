// Whole runs on CUDA: what they leave, and that a resumed one goes on bit for bit.
#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "data/synthetic.h"
#include "masktwins/network.h"
#include "masktwins/trainer.h"
#include "tests/cuda_device.h"
#include "tests/data/folder.h"

using namespace masktwins;
using namespace masktwins::tests;
namespace fs = std::filesystem;

namespace {

Config small_config(const Folder& folder) {
  data::write_synthetic(
      folder / "toy",
      {.seed = 1, .size = 64, .source_sections = 2, .target_sections = 2, .test_sections = 1});
  const std::string toy = (folder / "toy").string();
  return parse_config(
      "", "test",
      {"model.width=2", "model.norm=batch", "data.source.images=" + toy + "/source/images",
       "data.source.labels=" + toy + "/source/labels", "data.target.images=" + toy + "/target/images",
       "data.test.images=" + toy + "/test/images", "data.test.labels=" + toy + "/test/labels",
       "train.iterations=4", "train.crop=32", "train.batch=1", "train.checkpoint_every=2",
       "train.evaluate_every=4", "train.picture_every=4", "train.log_every=2", "uda.mask_block=8"});
}

std::FILE* nowhere() {
  static std::FILE* file = std::fopen("/dev/null", "w");
  return file;
}

std::string text_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("a run on CUDA leaves what it promises, and a resumed one ends with the same bits") {
  const CudaDevice device;
  const Folder folder;
  const Config config = small_config(folder);
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
  CHECK(text_of(folder / "resumed/checkpoints/last.safetensors") ==
        text_of(folder / "whole/checkpoints/last.safetensors"));
}
