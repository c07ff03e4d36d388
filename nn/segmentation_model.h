// What the training step, evaluation and prediction need of a network.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "nn/module.h"

namespace masktwins::nn {

// A part of an image, in pixels.
struct Window {
  int64_t top = 0, left = 0, height = 0, width = 0;
};

// What the losses of a training step look at.
struct SegmentationOutput {
  // (N, classes, h, w), at the resolution of the head: the image's own, or a fraction of it such as 1/4.
  // Losses with labels enlarge them; consistency between views compares them as they are.
  Tensor logits = {};
  // HRDA: what the network says about `detail_window` of the images at full resolution; else undefined.
  Tensor detail_logits = {};
  Window detail_window = {};
  // The map of the encoder's last stage, (N, C, h, w), for distances between features; undefined for networks
  // without a pretrained encoder. Of HRDA that of the images at half size.
  Tensor features = {};
};

class SegmentationModel : public Module {
 public:
  // The prediction: images (N, in_channels, H, W) -> logits (N, classes, H, W).
  virtual Tensor forward(const Tensor& images) = 0;
  // The same for training. HRDA draws its window from random_stream().
  virtual SegmentationOutput outputs(const Tensor& images) { return {.logits = forward(images)}; }
  // Whether there are SegmentationOutput::features, those of an encoder that could be pretrained.
  virtual bool has_features() const { return false; }
  // SegmentationOutput::features alone, as prediction computes them. Error for networks that have none.
  virtual Tensor features(const Tensor& images);
  // Height and width of the images must be multiples of this.
  virtual int64_t size_multiple() const = 0;
  // HRDA: side of the windows that it sees at full resolution in training; 0 for networks without.
  virtual int64_t detail_window() const { return 0; }
};

struct ModelOptions {
  int64_t width = 64;             // U-Net: channels of the first stage
  std::string norm = "instance";  // U-Net: or batch, group
  int64_t in_channels = 1;
  int64_t classes = 2;
  uint32_t seed = 1;  // of the first parameters

  // Networks with a Mix Transformer.
  double drop_path = 0.1;  // probability that the last block is left out in training
  double dropout = 0.1;    // of channels before the last layer of the head
  int64_t checkpoint_blocks =
      0;                        // first blocks of the encoder that keep nothing but their input for backward
  int64_t head_channels = 0;    // 0: as published, 256, and 768 for the SegFormer head from B2 on
  std::string fusion = "aspp";  // how the DAFormer head joins the stages: as DaformerHead has them
  int64_t hr_crop = 512;        // HRDA: side of the windows at full resolution
  // Of the encoder's stages, for ResNets the width of the bottlenecks; zeros: as published.
  std::array<int64_t, 4> stage_channels = {};
  std::array<int64_t, 4> stage_depths = {};
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
