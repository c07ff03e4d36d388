#pragma once

#include "tensor/tensor.h"

namespace masktwins {

struct LabelWeights {
  Tensor shares;  // (1 + classes): share of pixels with probability >= sure, then of each label
  Tensor weight;  // as probability
};

struct WeighLabelsOptions {
  double sure = 0.968;     // from this probability on a pixel counts as sure
  double least = 0;        // below this probability a pixel weighs nothing
  bool by_quality = true;  // the others weigh shares[0], else 1
};

// label uint8 and probability (floating) of one shape; all labels lie below `classes`, at most 255. Without
// pixels the shares are NaN. See kernels/weigh_labels.h.
LabelWeights weigh_labels(const Tensor& label, const Tensor& probability, int64_t classes,
                          const WeighLabelsOptions& options);

}  // namespace masktwins
