// Networks of every family, so narrow that a training step takes milliseconds.
#pragma once

#include <string>
#include <vector>

#include "nn/segmentation_model.h"

namespace masktwins::tests {

// One of each family; all take RGB images of 64x64 pixels and more.
inline const std::vector<std::string> families = {"unet",    "segformer-b0",  "daformer-b0",
                                                  "hrda-b0", "deeplabv2-r50", "hrda-deeplabv2-r50"};

inline nn::ModelOptions tiny_options() {
  nn::ModelOptions options;
  options.width = 4;
  options.norm = "batch";
  options.in_channels = 3;
  options.classes = 5;
  options.stage_channels = {4, 8, 10, 16};
  options.stage_depths = {1, 1, 2, 1};
  options.head_channels = 8;
  options.hr_crop = 64;
  return options;
}

}  // namespace masktwins::tests
