#include "tensor/ops/class_mix.h"

#include <algorithm>
#include <vector>

#include "kernels/class_mix.h"
#include "tensor/autograd.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

constexpr int64_t label_values = 256;

std::vector<uint8_t> values_in(const Tensor& labels) {
  bool present[label_values] = {};
  const uint8_t* data = labels.data<uint8_t>();
  for (int64_t i = 0; i < labels.numel(); ++i) present[data[i]] = true;
  std::vector<uint8_t> values;
  for (int64_t value = 0; value < label_values; ++value)
    if (present[value]) values.push_back(static_cast<uint8_t>(value));
  return values;
}

Work work(const Tensor& images, const Tensor& labels, const Tensor& weights) {
  return {
      2.0 * static_cast<double>(images.bytes() + weights.bytes()) + 3.0 * static_cast<double>(labels.bytes()),
      0};
}

// Images (N, C, H, W) with labels and weights (N, H, W).
void require_aligned(const Tensor& images, const Tensor& map, DType dtype, const char* what) {
  const ImageSize size = image_size(images, "class_mix");
  require(map.shape() == Shape{size.batch, size.height, size.width} && map.dtype() == dtype,
          "class_mix: ", what, " ", map.shape(), " of ", map.dtype(), " for images ", images.shape(),
          "; they must be ", dtype, " (N, H, W)");
}

}  // namespace

Tensor choose_classes(const Tensor& labels, kernels::RandomKey key, uint64_t step) {
  require(labels.rank() >= 1 && labels.dtype() == DType::uint8,
          "choose_classes: needs uint8 labels (N, H, W), got ", labels.dtype(), " ", labels.shape());
  const std::vector<uint8_t> values = values_in(labels);
  const std::size_t count = (values.size() + 1) / 2;
  Tensor chosen = Tensor::zeros({labels.dim(0), label_values}, DType::uint8, labels.device());
  for (int64_t image = 0; image < labels.dim(0); ++image) {
    std::vector<uint8_t> deck = values;  // the first `count` cards of a shuffled deck
    for (std::size_t i = 0; i < count; ++i) {
      const uint64_t draw = static_cast<uint64_t>(image * label_values) + i;
      const float u = kernels::uniform01(kernels::philox(key, step, draw).word[0]);
      std::swap(deck[i], deck[i + static_cast<std::size_t>(u * static_cast<float>(deck.size() - i))]);
      chosen.data<uint8_t>()[image * label_values + deck[i]] = 1;
    }
  }
  return chosen;
}

ClassMix class_mix(const Tensor& source_images, const Tensor& source_labels, const Tensor& target_images,
                   const Tensor& target_labels, const Tensor& target_weights, const Tensor& chosen) {
  const DType dtype = source_images.dtype();
  const ImageSize source = image_size(source_images, "class_mix"),
                  target = image_size(target_images, "class_mix");
  require(source.channels == target.channels && source.height == target.height &&
              source.width == target.width && dtype == target_images.dtype(),
          "class_mix: source ", source_images.shape(), " of ", dtype, " and target ", target_images.shape(),
          " of ", target_images.dtype(), " do not fit together");
  require(target.batch > 0 || source.batch == 0, "class_mix: there is no target image");
  require_aligned(source_images, source_labels, DType::uint8, "source labels");
  require_aligned(target_images, target_labels, DType::uint8, "target labels");
  require_aligned(target_images, target_weights, dtype, "target weights");
  require(chosen.shape() == Shape{source.batch, label_values} && chosen.dtype() == DType::uint8,
          "class_mix: chosen must be uint8 ", Shape{source.batch, label_values}, ", got ", chosen.dtype(),
          " ", chosen.shape());

  const Shape map{source.batch, source.height, source.width};
  ClassMix mix{Tensor::empty(source_images.shape(), dtype, source_images.device()),
               Tensor::empty(map, DType::uint8, source_images.device()),
               Tensor::empty(map, dtype, source_images.device())};
  const ProfileScope profile("class_mix", work(source_images, source_labels, mix.weights));
  dispatch_floating(dtype, "class_mix", [&](auto zero) {
    using T = decltype(zero);
    const kernels::ClassMixArgs<T> args{.batch = source.batch,
                                        .target_batch = target.batch,
                                        .pixels = source.height * source.width,
                                        .channels = source.channels,
                                        .source_image = source_images.data<T>(),
                                        .source_label = source_labels.data<uint8_t>(),
                                        .target_image = target_images.data<T>(),
                                        .target_label = target_labels.data<uint8_t>(),
                                        .target_weight = target_weights.data<T>(),
                                        .chosen = chosen.data<uint8_t>(),
                                        .image = mix.images.template data<T>(),
                                        .label = mix.labels.template data<uint8_t>(),
                                        .weight = mix.weights.template data<T>()};
    switch (source_images.device()) {
      case Device::cpu: return kernels::cpu::class_mix(args);
      default: no_kernel("class_mix", source_images.device());
    }
  });
  mix.images = record("class_mix", mix.images);
  return mix;
}

namespace {

Tensors run(const Tensors& in, const Attributes&) {
  const ClassMix mix = class_mix(in[0], in[1], in[2], in[3], in[4], in[5]);
  return {mix.images, mix.labels, mix.weights};
}

Tensors reference(const Tensors& in, const Attributes&) {
  const int64_t channels = in[0].dim(1), pixels = in[0].dim(2) * in[0].dim(3);
  Tensors mix{in[0].clone(), in[1].clone(), Tensor::full(in[1].shape(), 1, DType::float64)};
  for (int64_t n = 0; n < in[0].dim(0); ++n)
    for (int64_t i = 0; i < pixels; ++i) {
      const int64_t here = n * pixels + i, there = n % in[2].dim(0) * pixels + i;
      if (in[5].data<uint8_t>()[n * label_values + in[1].data<uint8_t>()[here]]) continue;
      for (int64_t c = 0; c < channels; ++c)
        mix[0].data<double>()[here * channels + c] = in[2].data<double>()[there * channels + c];
      mix[1].data<uint8_t>()[here] = in[3].data<uint8_t>()[there];
      mix[2].data<double>()[here] = in[4].data<double>()[there];
    }
  return mix;
}

Sample sample(int64_t batch, int64_t target_batch, int64_t channels, int64_t height, int64_t width) {
  const auto labels = [&](int64_t images) {
    return Argument{{images, height, width}, Fill::integers, 0, 5, DType::uint8};
  };
  return {{{{batch, channels, height, width}},
           labels(batch),
           {{target_batch, channels, height, width}},
           labels(target_batch),
           {{target_batch, height, width}, Fill::uniform},
           {{batch, label_values}, Fill::integers, 0, 2, DType::uint8}},
          {}};
}

const RegisterOp registered({
    .name = "class_mix",
    .formula = "source where chosen[n, source label], else target: image, label, weight",
    .run = run,
    .reference = reference,
    .samples = {sample(2, 2, 3, 17, 23), sample(3, 1, 1, 8, 9), sample(2, 1, 2, 70, 61),
                sample(1, 1, 1, 1, 1), sample(0, 1, 3, 4, 4)},
    .benchmarks = {sample(2, 1, 3, 1024, 1024), sample(2, 2, 1, 512, 512)},
    .work = [](const Tensors& in, const Attributes&) { return work(in[0], in[1], in[4]); },
    .has_gradient = false,
});

}  // namespace
}  // namespace masktwins
