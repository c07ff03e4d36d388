// What the training step, evaluation and prediction need of a network.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "nn/module.h"

namespace masktwins::nn {

class SegmentationModel : public Module {
 public:
  // images (N, in_channels, H, W) -> logits (N, classes, H, W).
  virtual Tensor forward(const Tensor& images) = 0;
  // Height and width of the images must be multiples of this.
  virtual int64_t size_multiple() const = 0;
};

struct ModelOptions {
  int64_t width = 64;             // channels of the first stage
  std::string norm = "instance";  // or batch, group
  int64_t in_channels = 1;
  int64_t classes = 2;
  uint32_t seed = 1;  // of the first parameters
};

using ModelBuilder = std::function<std::unique_ptr<SegmentationModel>(const ModelOptions&)>;

// Networks by name; each registers itself, see nn/unet.cpp.
const std::map<std::string, ModelBuilder>& registered_models();

struct RegisterModel {
  RegisterModel(const std::string& name, ModelBuilder builder);
};

// Throws Error naming the known networks if there is none of this name.
std::unique_ptr<SegmentationModel> build_model(const std::string& name, const ModelOptions& options);

}  // namespace masktwins::nn
