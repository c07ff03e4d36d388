#pragma once

#include "tensor/tensor.h"

namespace masktwins {

struct PseudoLabel {
  Tensor label;        // uint8 (N, H, W)
  Tensor probability;  // wide(logits.dtype()) (N, H, W)
};

// The most probable class of every pixel and its probability. logits (N, K, H, W), at most 255 classes.
// Pixels whose probability is below `foreground_threshold` get label 0, and keep the probability.
PseudoLabel pseudo_label(const Tensor& logits, double foreground_threshold = 0);

}  // namespace masktwins
