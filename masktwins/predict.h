// Class probabilities for images of any size: overlapping windows, blended with Gaussian weights (as the
// mitochondria benchmark does for MitoEM, section 7.5 of the method's description).
#pragma once

#include <cstdint>
#include <functional>

#include "tensor/tensor.h"

namespace masktwins {

// images (N, C, H, W) -> logits (N, K, H, W).
using SegmentationFunction = std::function<Tensor(const Tensor& images)>;

struct WindowOptions {
  int64_t multiple = 16;           // sides of what the network sees are multiples of this
  int64_t window = 512;            // side of the windows; they overlap by half
  int64_t whole_pixels = 3 << 19;  // images of up to so many pixels are one window (1536 x 1024)
};

// The window of `images` whose upper left pixel is (row, column). Pixels outside the image are reflected at
// its border without repeating the border pixel, as often as needed.
Tensor reflected_window(const Tensor& images, int64_t row, int64_t column, int64_t height, int64_t width);

// image (1, C, H, W) -> probabilities (1, K, H, W), float32. Records no graph.
Tensor predict_probabilities(const SegmentationFunction& model, const Tensor& image,
                             const WindowOptions& options);

}  // namespace masktwins
