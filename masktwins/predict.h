// Class probabilities for images of any size: overlapping windows, blended with Gaussian weights (as the
// mitochondria benchmark does for MitoEM, section 7.5 of the method's description) or evenly (section 6).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "tensor/tensor.h"

namespace masktwins {

// images (N, C, H, W) -> logits (N, K, H, W).
using SegmentationFunction = std::function<Tensor(const Tensor& images)>;

// How overlapping windows become one result.
enum class Blend {
  gaussian,  // mean of the probabilities, weighted by how near the middle of its window a pixel lies
  uniform,   // mean of the logits, then softmax: what mmsegmentation, and so DAFormer, HRDA and MIC do
};

struct WindowOptions {
  int64_t multiple = 16;                  // sides of what the network sees are multiples of this
  int64_t window = 512;                   // side of the windows
  int64_t stride = 0;                     // from one to the next, at most a window; 0: half a window
  int64_t whole_pixels = 3 << 19;         // images of up to so many, with padding, are one window
  int64_t pad_rows = 0, pad_columns = 0;  // reflected pixels that every side gets before windows are cut
  Blend blend = Blend::gaussian;
};

// The window of `images` whose upper left pixel is (row, column). Pixels outside the image are reflected at
// its border without repeating the border pixel, as often as needed.
Tensor reflected_window(const Tensor& images, int64_t row, int64_t column, int64_t height, int64_t width);

struct PixelSize {
  int64_t height, width;
};

// image (1, C, H, W) -> probabilities (1, K, H, W), or of the size `output`, float32. What the blend averages
// is resized to that, bilinearly: the logits of uniform windows (as mmsegmentation does), the
// probabilities of gaussian ones. Records no graph.
Tensor predict_probabilities(const SegmentationFunction& model, const Tensor& image,
                             const WindowOptions& options, std::optional<PixelSize> output = {});

}  // namespace masktwins
