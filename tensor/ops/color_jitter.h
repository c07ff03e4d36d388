#pragma once

#include <array>
#include <vector>

#include "kernels/color_jitter.h"
#include "kernels/common/philox.h"
#include "tensor/tensor.h"

namespace masktwins {

// What a call of color_jitter does.
struct ColorJitter {
  std::array<kernels::ColorChange, 4> order;
  std::vector<kernels::ColorFactors<double>> factors;  // one per image
};

// For every image brightness, contrast and saturation uniform in [1 - strength, 1 + strength) and hue in
// [-strength, strength) turns; one random order for all. 0 <= strength <= 1.
ColorJitter draw_color_jitter(int64_t images, double strength, kernels::RandomKey key, uint64_t step);

// Normalised images (N, C, H, W), floating, with changed colours (formula in kernels/color_jitter.h). `mean`
// and `std` say how the images were normalised from [0, 1], one number per channel. Saturation and hue change
// RGB images only. x is data, it gets no gradient.
Tensor color_jitter(const Tensor& x, const ColorJitter& jitter, const std::vector<double>& mean,
                    const std::vector<double>& std);

}  // namespace masktwins
