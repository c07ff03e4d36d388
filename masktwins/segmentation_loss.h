// The cross-entropy of a network's outputs with labels, section 2.3 of the method's description.
#pragma once

#include "nn/segmentation_model.h"

namespace masktwins {

// A scalar. Logits are enlarged to the labels, uint8 (N, H, W); weights floating (N, H, W) or undefined
// for 1. Of networks with detail logits: (1 - detail_weight) times the loss of the logits plus detail_weight
// times that of the detail logits, whose labels and weights are those of the detail window.
Tensor segmentation_loss(const nn::SegmentationOutput& output, const Tensor& labels, const Tensor& weights,
                         double detail_weight);

}  // namespace masktwins
