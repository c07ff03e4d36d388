#pragma once

#include "kernels/common/philox.h"
#include "tensor/tensor.h"

namespace masktwins {

struct ClassMix {
  Tensor images;   // floating (N, C, H, W)
  Tensor labels;   // uint8 (N, H, W)
  Tensor weights;  // floating (N, H, W): 1 where the source shows, else the target's weight
};

// Which label values each of the N source images gives away: uint8 (N, 256), 1 = chosen. From the n values
// (255 included) that occur anywhere in the batch of labels (uint8, N first), ceil(n / 2) are drawn without
// replacement for every image.
Tensor choose_classes(const Tensor& labels, kernels::RandomKey key, uint64_t step);

// The chosen classes of the source pasted onto the target, formula in kernels/class_mix.h. Fewer target than
// source images are used in turn. Everything is data and gets no gradient.
ClassMix class_mix(const Tensor& source_images, const Tensor& source_labels, const Tensor& target_images,
                   const Tensor& target_labels, const Tensor& target_weights, const Tensor& chosen);

}  // namespace masktwins
