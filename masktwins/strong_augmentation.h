// Colour jitter and blur of images before they are mixed or masked (section 3.5).
#pragma once

#include "masktwins/config.h"
#include "tensor/random.h"
#include "tensor/tensor.h"

namespace masktwins {

// Normalised images (N, C, H, W) in, the same out. One draw decides for the whole batch whether colours are
// jittered (uda.color_jitter_probability) and whether it is blurred (uda.blur_probability).
Tensor augment_strongly(const Tensor& images, const Config& config, RandomStream& random);

}  // namespace masktwins
