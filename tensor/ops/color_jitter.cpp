#include "tensor/ops/color_jitter.h"

#include <algorithm>
#include <cmath>

#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

using kernels::ColorChange;

Work work(const Tensor& x) {
  return {2.0 * static_cast<double>(x.bytes()), 25.0 * static_cast<double>(x.numel())};
}

template <class T>
std::vector<kernels::ColorFactors<T>> converted(const std::vector<kernels::ColorFactors<double>>& factors) {
  std::vector<kernels::ColorFactors<T>> result(factors.size());
  for (std::size_t image = 0; image < factors.size(); ++image)
    std::copy_n(factors[image].by_change, 4, result[image].by_change);
  return result;
}

}  // namespace

ColorJitter draw_color_jitter(int64_t images, double strength, kernels::RandomKey key, uint64_t step) {
  require(strength >= 0 && strength <= 1, "color_jitter: strength must lie in [0, 1], got ", strength);
  ColorJitter jitter{
      {ColorChange::brightness, ColorChange::contrast, ColorChange::saturation, ColorChange::hue}, {}};
  // Index 0 draws the order (Fisher-Yates), index 1 + n the factors of image n.
  const kernels::RandomWords order = kernels::philox(key, step, 0);
  for (std::size_t last = 3; last > 0; --last) {
    const float u = kernels::uniform01(order.word[last]);
    std::swap(jitter.order[last], jitter.order[static_cast<std::size_t>(u * static_cast<float>(last + 1))]);
  }
  for (int64_t image = 0; image < images; ++image) {
    const kernels::RandomWords words = kernels::philox(key, step, static_cast<uint64_t>(image) + 1);
    kernels::ColorFactors<double>& factors = jitter.factors.emplace_back();
    for (std::size_t k = 0; k < 4; ++k) {
      const double middle = static_cast<ColorChange>(k) == ColorChange::hue ? 0 : 1;
      factors.by_change[k] =
          middle + strength * (2.0 * static_cast<double>(kernels::uniform01(words.word[k])) - 1);
    }
  }
  return jitter;
}

Tensor color_jitter(const Tensor& x, const ColorJitter& jitter, const std::vector<double>& mean,
                    const std::vector<double>& std) {
  const ImageSize size = image_size(x, "color_jitter");
  require(static_cast<int64_t>(jitter.factors.size()) == size.batch, "color_jitter: factors of ",
          jitter.factors.size(), " images for a batch of ", size.batch);
  require(static_cast<int64_t>(mean.size()) == size.channels && mean.size() == std.size(),
          "color_jitter: ", mean.size(), " means and ", std.size(), " deviations for ", size.channels,
          " channels");
  require(std::all_of(std.begin(), std.end(), [](double s) { return s > 0; }),
          "color_jitter: the deviations must be positive");
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  const ProfileScope profile("color_jitter", work(x));
  dispatch(x, "color_jitter", [&](auto device, auto zero) {
    using T = decltype(zero);
    using Number = kernels::Wide<T>;
    const std::vector<kernels::ColorFactors<Number>> factors = converted<Number>(jitter.factors);
    const std::vector<Number> means(mean.begin(), mean.end()), deviations(std.begin(), std.end());
    kernels::ColorJitterArgs<T> args{.batch = size.batch,
                                     .pixels = size.height * size.width,
                                     .channels = size.channels,
                                     .order = {},
                                     .factors = factors.data(),
                                     .mean = means.data(),
                                     .std = deviations.data(),
                                     .x = x.data<T>(),
                                     .y = y.data<T>()};
    std::copy(jitter.order.begin(), jitter.order.end(), args.order);
    if constexpr (device == Device::cpu) kernels::cpu::color_jitter(args);
    else kernels::cuda::color_jitter(args);
  });
  return record("color_jitter", y);
}

namespace {

// ImageNet's statistics, as far as there are channels.
std::vector<double> sample_mean(int64_t channels) {
  const std::vector<double> rgb{0.485, 0.456, 0.406};
  return {rgb.begin(), rgb.begin() + channels};
}

std::vector<double> sample_std(int64_t channels) {
  const std::vector<double> rgb{0.229, 0.224, 0.225};
  return {rgb.begin(), rgb.begin() + channels};
}

// The second input holds the factors (N, 4); attribute "order" has one digit per change, 3210: hue first.
ColorJitter jitter_of(const Tensors& inputs, const Attributes& attributes) {
  ColorJitter jitter;
  int64_t digits = attribute(attributes, "order");
  for (std::size_t k = 4; k-- > 0; digits /= 10) jitter.order[k] = static_cast<ColorChange>(digits % 10);
  const std::vector<double> factors = inputs[1].to(Device::cpu).to(DType::float64).to_values<double>();
  for (std::size_t i = 0; i < factors.size(); i += 4)
    jitter.factors.push_back({{factors[i], factors[i + 1], factors[i + 2], factors[i + 3] - 1}});
  return jitter;
}

Tensors run(const Tensors& inputs, const Attributes& attributes) {
  const int64_t channels = inputs[0].dim(1);
  return {
      color_jitter(inputs[0], jitter_of(inputs, attributes), sample_mean(channels), sample_std(channels))};
}

// Hexcone conversions as in A. R. Smith, "Color gamut transform pairs", SIGGRAPH 1978.
void change_in_hsv(double rgb[3], double saturation, double turns) {
  const double high = std::max({rgb[0], rgb[1], rgb[2]}), low = std::min({rgb[0], rgb[1], rgb[2]});
  const double range = high - low;
  double hue = 0;
  if (range > 0) {
    if (high == rgb[0]) hue = (rgb[1] - rgb[2]) / range;
    else if (high == rgb[1]) hue = 2 + (rgb[2] - rgb[0]) / range;
    else hue = 4 + (rgb[0] - rgb[1]) / range;
  }
  hue = std::fmod(hue + 6 * turns + 12, 6.0);
  const double s = std::min(1.0, std::max(0.0, saturation * range / (high + 1e-6)));
  const double f = hue - std::floor(hue);
  const double p = high * (1 - s), q = high * (1 - f * s), t = high * (1 - (1 - f) * s);
  const double sectors[6][3] = {{high, t, p}, {q, high, p}, {p, high, t},
                                {p, q, high}, {t, p, high}, {high, p, q}};
  std::copy_n(sectors[static_cast<int>(hue)], 3, rgb);
}

Tensors reference(const Tensors& inputs, const Attributes& attributes) {
  const ColorJitter jitter = jitter_of(inputs, attributes);
  const int64_t channels = inputs[0].dim(1), pixels = inputs[0].dim(2) * inputs[0].dim(3);
  const std::vector<double> mean = sample_mean(channels), std = sample_std(channels);
  Tensor y = inputs[0].clone();
  const auto clamped = [](double v) { return std::min(1.0, std::max(0.0, v)); };
  for (int64_t i = 0; i < y.dim(0) * pixels; ++i) {
    double* out = y.data<double>() + i * channels;
    const double* factor = jitter.factors[static_cast<std::size_t>(i / pixels)].by_change;
    for (int64_t c = 0; c < channels; ++c)
      out[c] = out[c] * std[static_cast<std::size_t>(c)] + mean[static_cast<std::size_t>(c)];
    for (const ColorChange kind : jitter.order) {
      if (kind == ColorChange::brightness)
        for (int64_t c = 0; c < channels; ++c) out[c] = clamped(out[c] + factor[0] - 1);
      if (kind == ColorChange::contrast)
        for (int64_t c = 0; c < channels; ++c) out[c] = clamped(out[c] * factor[1]);
      if (kind == ColorChange::saturation && channels == 3) change_in_hsv(out, factor[2], 0);
      if (kind == ColorChange::hue && channels == 3) change_in_hsv(out, 1, factor[3]);
    }
    for (int64_t c = 0; c < channels; ++c)
      out[c] = (out[c] - mean[static_cast<std::size_t>(c)]) / std[static_cast<std::size_t>(c)];
  }
  return {y};
}

Sample sample(const Shape& shape, double order) {
  const Argument normalised{shape, Fill::uniform, -1.75, 2.2};  // within [0, 1] before normalisation
  return {{normalised, {{shape[0], 4}, Fill::uniform, 0.7, 1.3}}, {{"order", order}}};
}

const RegisterOp registered({
    .name = "color_jitter",
    .formula = "clamp(v + b - 1); clamp(c v); S = clamp(s S); H += t, in random order",
    .run = run,
    .reference = reference,
    .samples = {sample({2, 3, 25, 31}, 123), sample({2, 3, 9, 7}, 3210), sample({1, 3, 5, 130}, 2031),
                sample({2, 1, 19, 33}, 1302), sample({1, 2, 4, 5}, 213), sample({1, 1, 1, 1}, 1023),
                sample({0, 3, 8, 8}, 123)},
    .benchmarks = {sample({2, 3, 1024, 1024}, 123), sample({2, 1, 512, 512}, 123)},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0]); },
    .has_gradient = false,
});

}  // namespace
}  // namespace masktwins
