#pragma once

#include "tensor/tensor.h"

namespace masktwins {

struct ClassMix {
  Tensor images;   // floating (N, C, H, W)
  Tensor labels;   // uint8 (N, H, W)
  Tensor weights;  // wide(images.dtype()) (N, H, W): 1 where the source shows, else the target's weight
};

// The chosen classes of the source (see choose_classes) pasted onto the target, formula in
// kernels/class_mix.h. Fewer target than source images are used in turn. Everything is data and gets no
// gradient.
ClassMix class_mix(const Tensor& source_images, const Tensor& source_labels, const Tensor& target_images,
                   const Tensor& target_labels, const Tensor& target_weights, const Tensor& chosen);

}  // namespace masktwins
