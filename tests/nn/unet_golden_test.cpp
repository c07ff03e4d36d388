// The U-Net against PyTorch: logits, gradients and running moments, see tests/reference/write_unet.py.
#include <doctest/doctest.h>

#include "data/safetensors.h"
#include "nn/segmentation_model.h"
#include "tensor/autograd.h"
#include "tests/compare.h"

using namespace masktwins;
using masktwins::tests::check_close;

namespace {

constexpr double tolerance = 1e-9;

Tensor in_double(const data::TensorFile& file, const std::string& name) {
  REQUIRE(file.tensors.count(name) == 1);
  return file.tensors.at(name).to(DType::float64);
}

}  // namespace

TEST_CASE("the U-Net computes what PyTorch computes") {
  for (const std::string norm : {"instance", "batch", "group"}) {
    CAPTURE(norm);
    const data::TensorFile golden = data::read_safetensors("tests/golden/unet/" + norm + ".safetensors");
    const auto model = nn::build_model("unet", {.width = 2, .norm = norm, .in_channels = 1, .classes = 3});
    model->to(DType::float64);
    for (const auto& [name, parameter] : model->named_parameters())
      parameter->copy_from(in_double(golden, "parameter." + name));

    const Tensor image = in_double(golden, "image");
    const Tensor logits = model->forward(image);
    check_close(logits, in_double(golden, "logits"), tolerance, "logits");
    backward(logits, in_double(golden, "weights"));
    for (const auto& [name, parameter] : model->named_parameters())
      check_close(parameter->grad(), in_double(golden, "gradient." + name), tolerance, "gradient of " + name);
    for (const auto& [name, buffer] : model->named_buffers())
      check_close(*buffer, in_double(golden, "buffer." + name), tolerance, name);
    if (norm == "batch") {
      model->set_training(false);
      const NoGrad no_grad;
      check_close(model->forward(image), in_double(golden, "logits_evaluation"), tolerance,
                  "logits in evaluation mode");
    }
  }
}
