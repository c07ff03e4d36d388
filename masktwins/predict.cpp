#include "masktwins/predict.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "kernels/common/parallel.h"
#include "tensor/autograd.h"
#include "tensor/ops/resize_bilinear.h"

namespace masktwins {
namespace {

// Where windows lie along one axis.
struct Axis {
  int64_t extent;               // of every window
  std::vector<int64_t> starts;  // the last one shifted to end with the image and its padding
};

Axis cut_axis(int64_t size, int64_t pad, int64_t window, const WindowOptions& options) {
  const int64_t multiple = options.multiple, padded = size + 2 * pad;
  const int64_t largest = kernels::ceil_div(padded, multiple) * multiple;
  const int64_t extent = std::min(largest, kernels::ceil_div(window, multiple) * multiple);
  if (padded <= extent) return {extent, {-pad - (extent - padded) / 2}};
  const int64_t stride = options.stride > 0 ? std::min(options.stride, extent) : extent / 2;
  Axis axis{extent, {}};
  const auto add = [&](int64_t start) {
    if (start + extent > 0 && start < size) axis.starts.push_back(start);
  };
  for (int64_t start = -pad; start + extent < size + pad; start += stride) add(start);
  add(size + pad - extent);
  return axis;
}

// exp(-d^2 / (2 * 0.2^2)) with d from -1 to 1 over the window. The small constant (1e-6 after both axes)
// makes borders count where nothing else sees them.
std::vector<float> gaussian_weights(int64_t extent) {
  std::vector<float> weights;
  for (int64_t i = 0; i < extent; ++i) {
    const double d = (2.0 * static_cast<double>(i) + 1) / static_cast<double>(extent) - 1;
    weights.push_back(static_cast<float>(std::exp(-d * d / (2 * 0.2 * 0.2)) + 1e-3));
  }
  return weights;
}

int64_t reflected(int64_t position, int64_t size) {
  if (size == 1) return 0;
  const int64_t period = 2 * (size - 1);
  const int64_t phase = ((position % period) + period) % period;
  return phase < size ? phase : period - phase;
}

void softmax(const float* logits, int64_t classes, float* probabilities) {
  const float largest = *std::max_element(logits, logits + classes);
  float sum = 0;
  for (int64_t k = 0; k < classes; ++k) sum += probabilities[k] = std::exp(logits[k] - largest);
  for (int64_t k = 0; k < classes; ++k) probabilities[k] /= sum;
}

// The mean of the windows' probabilities or logits.
class WindowMean {
 public:
  WindowMean(Blend blend, int64_t classes, int64_t height, int64_t width)
      : blend_(blend),
        classes_(classes),
        height_(height),
        width_(width),
        sum_(Tensor::zeros({1, classes, height, width})),
        weight_(static_cast<std::size_t>(height * width)) {}

  void add(const Tensor& logits, int64_t row, int64_t column) {
    const int64_t window_height = logits.dim(2), window_width = logits.dim(3);
    const std::vector<float> down = weights(window_height), across = weights(window_width);
    const int64_t first = std::max<int64_t>(0, row), last = std::min(height_, row + window_height);
    const int64_t left = std::max<int64_t>(0, column), right = std::min(width_, column + window_width);
    kernels::parallel_for(last - first, 16, [&](int64_t begin, int64_t end) {
      std::vector<float> values(static_cast<std::size_t>(classes_));
      for (int64_t y = first + begin; y < first + end; ++y)
        for (int64_t x = left; x < right; ++x) {
          const float* pixel = logits.data<float>() + ((y - row) * window_width + x - column) * classes_;
          if (blend_ == Blend::gaussian) softmax(pixel, classes_, values.data());
          else std::copy_n(pixel, classes_, values.data());
          const float weight =
              down[static_cast<std::size_t>(y - row)] * across[static_cast<std::size_t>(x - column)];
          float* sum = sum_.data<float>() + (y * width_ + x) * classes_;
          for (int64_t k = 0; k < classes_; ++k) sum[k] += weight * values[static_cast<std::size_t>(k)];
          weight_[static_cast<std::size_t>(y * width_ + x)] += weight;
        }
    });
  }

  // The probabilities.
  Tensor result(PixelSize size) {
    for (int64_t i = 0; i < height_ * width_; ++i) {
      float* pixel = sum_.data<float>() + i * classes_;
      for (int64_t k = 0; k < classes_; ++k) pixel[k] /= weight_[static_cast<std::size_t>(i)];
    }
    const bool resizes = size.height != height_ || size.width != width_;
    Tensor result = resizes ? resize_bilinear(sum_, size.height, size.width) : sum_;
    if (blend_ == Blend::uniform)
      for (float* pixel = result.data<float>(); pixel != result.data<float>() + result.numel();
           pixel += classes_)
        softmax(pixel, classes_, pixel);
    return result;
  }

 private:
  std::vector<float> weights(int64_t extent) const {
    return blend_ == Blend::gaussian ? gaussian_weights(extent)
                                     : std::vector<float>(static_cast<std::size_t>(extent), 1.0f);
  }

  Blend blend_;
  int64_t classes_, height_, width_;
  Tensor sum_;                 // (1, K, H, W)
  std::vector<float> weight_;  // (H, W)
};

}  // namespace

Tensor reflected_window(const Tensor& images, int64_t row, int64_t column, int64_t height, int64_t width) {
  const ImageSize size = image_size(images, "reflected window");
  Tensor result = Tensor::empty({size.batch, size.channels, height, width});
  const float* from = images.data<float>();
  float* to = result.data<float>();
  for (int64_t n = 0; n < size.batch; ++n)
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x, to += size.channels) {
        const int64_t pixel = (n * size.height + reflected(row + y, size.height)) * size.width +
                              reflected(column + x, size.width);
        std::copy_n(from + pixel * size.channels, size.channels, to);
      }
  return result;
}

Tensor predict_probabilities(const SegmentationFunction& model, const Tensor& image,
                             const WindowOptions& options, std::optional<PixelSize> output) {
  const NoGrad no_grad;
  const ImageSize size = image_size(image, "predict");
  require(size.batch == 1 && size.height > 0 && size.width > 0, "predict: one image at a time, got shape ",
          image.shape());
  const int64_t height = size.height + 2 * options.pad_rows, width = size.width + 2 * options.pad_columns;
  const int64_t window = height * width <= options.whole_pixels ? std::max(height, width) : options.window;
  const Axis rows = cut_axis(size.height, options.pad_rows, window, options);
  const Axis columns = cut_axis(size.width, options.pad_columns, window, options);
  std::unique_ptr<WindowMean> mean;
  for (const int64_t row : rows.starts)
    for (const int64_t column : columns.starts) {
      const Tensor logits = model(reflected_window(image, row, column, rows.extent, columns.extent));
      require(logits.rank() == 4 && logits.dim(2) == rows.extent && logits.dim(3) == columns.extent,
              "predict: the network made logits ", logits.shape(), " for a window of ", rows.extent, "x",
              columns.extent, " pixels");
      if (!mean) mean = std::make_unique<WindowMean>(options.blend, logits.dim(1), size.height, size.width);
      mean->add(logits, row, column);
    }
  return mean->result(output.value_or(PixelSize{size.height, size.width}));
}

}  // namespace masktwins
