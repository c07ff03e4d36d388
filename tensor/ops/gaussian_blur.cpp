#include "tensor/ops/gaussian_blur.h"

#include <algorithm>
#include <cmath>

#include "kernels/gaussian_blur.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

int64_t blur_radius(int64_t size, double sigma) {
  return std::min((blur_kernel_size(size) - 1) / 2, static_cast<int64_t>(std::ceil(6 * sigma)));
}

template <class T>
std::vector<T> gaussian_weights(int64_t radius, double sigma) {
  std::vector<double> weights;
  double sum = 0;
  for (int64_t a = -radius; a <= radius; ++a) {
    const double distance = static_cast<double>(a) / sigma;
    weights.push_back(std::exp(-distance * distance / 2));
    sum += weights.back();
  }
  std::vector<T> normalised;
  for (const double weight : weights) normalised.push_back(static_cast<T>(weight / sum));
  return normalised;
}

Work work(const Tensor& x, double sigma) {
  const int64_t taps = 2 * (blur_radius(x.dim(2), sigma) + blur_radius(x.dim(3), sigma) + 1);
  return {2.0 * static_cast<double>(x.bytes()), 2.0 * static_cast<double>(taps * x.numel())};
}

}  // namespace

int64_t blur_kernel_size(int64_t size) {
  const double tenth = std::ceil(0.1 * static_cast<double>(size));
  return std::max<int64_t>(1, static_cast<int64_t>(std::floor(tenth - 0.5 + std::fmod(tenth, 2))));
}

Tensor gaussian_blur(const Tensor& x, double sigma) {
  const auto [batch, channels, height, width] = image_size(x, "gaussian_blur");
  require(sigma > 0, "gaussian_blur: sigma must be positive, got ", sigma);
  const int64_t row_radius = blur_radius(height, sigma), column_radius = blur_radius(width, sigma);
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  const ProfileScope profile("gaussian_blur", work(x, sigma));
  dispatch(x, "gaussian_blur", [&, n = batch, c = channels, h = height, w = width](auto device, auto zero) {
    using T = decltype(zero);
    using Number = kernels::Wide<T>;
    const std::vector<Number> rows = gaussian_weights<Number>(row_radius, sigma);
    const std::vector<Number> columns = gaussian_weights<Number>(column_radius, sigma);
    const kernels::GaussianBlurArgs<T> args{
        n, h, w, c, row_radius, column_radius, rows.data(), columns.data(), x.data<T>(), y.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::gaussian_blur(args);
    else kernels::cuda::gaussian_blur(args);
  });
  return record("gaussian_blur", y);
}

namespace {

Tensors run(const Tensors& inputs, const Attributes& attributes) {
  return {gaussian_blur(inputs[0], real_attribute(attributes, "sigma"))};
}

// The two-dimensional sum with every tap of the full kernel.
Tensors reference(const Tensors& inputs, const Attributes& attributes) {
  const Tensor& x = inputs[0];
  const double sigma = real_attribute(attributes, "sigma");
  const int64_t channels = x.dim(1), height = x.dim(2), width = x.dim(3);
  const int64_t rows = (blur_kernel_size(height) - 1) / 2, columns = (blur_kernel_size(width) - 1) / 2;
  const auto mirror = [](int64_t i, int64_t size) { return i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i; };
  Tensor y = Tensor::zeros(x.shape(), DType::float64);
  for (int64_t n = 0; n < x.dim(0); ++n)
    for (int64_t i = 0; i < height; ++i)
      for (int64_t j = 0; j < width; ++j) {
        double weights = 0;
        double* out = y.data<double>() + ((n * height + i) * width + j) * channels;
        for (int64_t a = -rows; a <= rows; ++a)
          for (int64_t b = -columns; b <= columns; ++b) {
            const double weight = std::exp(-static_cast<double>(a * a + b * b) / (2 * sigma * sigma));
            const int64_t pixel = (n * height + mirror(i + a, height)) * width + mirror(j + b, width);
            for (int64_t c = 0; c < channels; ++c) out[c] += weight * x.data<double>()[pixel * channels + c];
            weights += weight;
          }
        for (int64_t c = 0; c < channels; ++c) out[c] /= weights;
      }
  return {y};
}

Sample sample(const Shape& shape, double sigma) { return {{{shape}}, {{"sigma", sigma}}}; }

const RegisterOp registered({
    .name = "gaussian_blur",
    .formula = "y = w_rows * w_columns * x, w_a ~ exp(-a^2 / (2 sigma^2)), reflected borders",
    .run = run,
    .reference = reference,
    .samples = {sample({2, 3, 37, 53}, 0.7), sample({1, 1, 45, 101}, 0.5), sample({1, 2, 31, 1}, 1.15),
                sample({1, 1, 1, 1}, 0.5), sample({0, 3, 16, 16}, 1)},
    .benchmarks = {sample({2, 3, 1024, 1024}, 1.15), sample({2, 1, 512, 512}, 1.15)},
    .work = [](const Tensors& inputs,
               const Attributes& a) { return work(inputs[0], real_attribute(a, "sigma")); },
    .has_gradient = false,
});

}  // namespace
}  // namespace masktwins
