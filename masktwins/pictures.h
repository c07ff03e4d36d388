// Tensors, labels and probabilities as pictures for people.
#pragma once

#include <string>
#include <vector>

#include "data/image.h"
#include "masktwins/canvas.h"
#include "tensor/tensor.h"

namespace masktwins {

// Colours of the classes: for two, a transparent background and orange; else
// hues at golden-angle distance, so that neighbours differ.
std::vector<Color> class_colors(int64_t classes);

// Smallest and largest value: what is shown as black and white.
struct ValueRange {
  float low, high;
};
ValueRange value_range(const Tensor& images, int64_t sample);

// One image of a batch (N, C, H, W), grey or RGB.
data::Image picture_of(const Tensor& images, int64_t sample, ValueRange range);

// Arg-max over the classes of one sample of logits or probabilities (N, K, H, W).
data::LabelMap predicted_classes(const Tensor& logits, int64_t sample);

// The picture, or black without one, under the colours of the classes. With two classes the background stays
// as it is; ignored pixels are never coloured.
data::Image overlay(const data::Image& picture, const data::LabelMap& labels,
                    const std::vector<Color>& colors, float opacity = 0.5f);

// Each class in its colour, ignored pixels black.
data::Image class_picture(const data::LabelMap& labels, const std::vector<Color>& colors);

// Values in [0, 1], (H, W) row by row, from dark blue over green to yellow.
data::Image heat_map(const float* values, int64_t height, int64_t width);

// Foreground found (green), missed (blue) and invented (red) on the picture. Several classes: correct pixels
// stay, wrong ones turn red.
data::Image error_overlay(const data::Image& picture, const data::LabelMap& prediction,
                          const data::LabelMap& truth, int64_t classes);

}  // namespace masktwins
