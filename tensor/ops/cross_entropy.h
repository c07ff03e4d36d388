#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// The mean over all pixels of weight · cross-entropy; label 255 is ignored but counted. logits (N, K, H, W),
// labels uint8 (N, H, W), weights (N, H, W) of the type wide(logits.dtype()), or undefined for 1. Result: a
// scalar. Only the logits get a gradient. Error if a label is neither below K nor 255; on CUDA, where nobody
// looks, the loss is NaN.
Tensor cross_entropy(const Tensor& logits, const Tensor& labels, const Tensor& weights = {});

}  // namespace masktwins
