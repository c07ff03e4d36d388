// Losses and gradients that are not finite end a run, which keeps its last good checkpoint.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "data/safetensors.h"
#include "masktwins/trainer.h"
#include "tests/masktwins/small_run.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

// Ends a run at step 3, changes its checkpoint, resumes it and returns the error, which must leave the
// checkpoint as it was.
std::string error_after_change(const Config& config, const std::function<void(data::TensorFile&)>& change) {
  const Folder folder;
  Trainer(config, folder / "run", false, nowhere()).run();
  const CheckpointFolder files{folder / "run/checkpoints"};
  fs::remove(files.last());
  data::TensorFile file = data::read_safetensors(files.previous().string());
  change(file);
  data::write_safetensors(files.previous().string(), file);
  const std::string before = data::read_file(files.previous());
  Trainer trainer(config, folder / "run", true, nowhere());
  const std::string message = error_of([&] { trainer.run(); });
  CHECK(data::read_file(files.previous()) == before);
  CHECK(!fs::exists(files.last()));
  return message;
}

}  // namespace

TEST_CASE("a loss that is not finite stops the run, names the op and keeps the checkpoint") {
  const Folder folder;
  const std::string message = error_after_change(small_config(folder), [](data::TensorFile& file) {
    file.tensors.at("model.out.conv.0.bias").fill(NAN);
  });
  CHECK(message.find("step 3: loss 'source' is nan") == 0);
  CHECK(message.find("op conv2d made the first NaN") != std::string::npos);
}

namespace {

// The last weights are huge and meet tiny values: the logits are moderate, but the gradient of those values,
// added over all pixels, is huge.
std::string error_after_huge_gradients(float weight_value, float bias_value) {
  const Folder folder;
  return error_after_change(small_config(folder, {"model.norm=group", "uda.mode=source-only"}),
                            [&](data::TensorFile& file) {
                              file.tensors.at("model.out.conv.1.weight").fill(0);
                              file.tensors.at("model.out.conv.1.bias").fill(bias_value);
                              Tensor& weight = file.tensors.at("model.out.conv.3.weight");
                              weight.fill(0);
                              for (int64_t i = weight.numel() / 2; i < weight.numel(); ++i)
                                weight.data<float>()[i] = weight_value;
                            });
}

}  // namespace

TEST_CASE("a gradient that is not finite does the same, though the loss is finite") {
  const std::string message = error_after_huge_gradients(3e38f, 1e-37f);
  CAPTURE(message);
  CHECK(message.find("step 3: the norm of the gradients is ") == 0);
  CHECK(message.find("made the first NaN") != std::string::npos);
}

TEST_CASE("gradients that are finite but too large for their norm blame no op") {
  const std::string message = error_after_huge_gradients(1e25f, 1e-25f);
  CAPTURE(message);
  CHECK(message.find(
            "step 3: the norm of the gradients is not a finite number; every op's result was finite") == 0);
}
