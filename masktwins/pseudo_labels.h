// What the teacher says about unlabelled images (section 3.3).
#pragma once

#include <vector>

#include "masktwins/config.h"
#include "tensor/tensor.h"

namespace masktwins {

struct PseudoLabels {
  Tensor labels;       // uint8 (N, H, W): the most probable class, or 0
  Tensor probability;  // floating (N, H, W): its probability
  Tensor weights;      // floating (N, H, W): weight of the pixel in the losses
  Tensor shares;       // floating (1 + K): the quality, then the share of each class

  // Both wait for the device that holds the labels.
  double quality() const;  // share of pixels with probability >= uda.quality_threshold
  std::vector<double> class_share() const;
};

// logits (N, K, H, W). The weight of a pixel is the quality if uda.quality_weight, else 1; 0 where the
// probability is below uda.threshold; times its value in pixel_weights, float32 (N, H, W), if that is given.
// Pixels with less than uda.foreground_threshold become class 0.
PseudoLabels label_by_teacher(const Tensor& logits, const UdaConfig& config,
                              const Tensor& pixel_weights = {});

}  // namespace masktwins
