#include "tensor/ops/class_mix.h"

#include "kernels/choose_classes.h"
#include "kernels/class_mix.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

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
  require_aligned(target_images, target_weights, wide(dtype), "target weights");
  require(chosen.shape() == Shape{source.batch, kernels::label_values} && chosen.dtype() == DType::uint8,
          "class_mix: chosen must be uint8 ", Shape{source.batch, kernels::label_values}, ", got ",
          chosen.dtype(), " ", chosen.shape());

  const Shape map{source.batch, source.height, source.width};
  ClassMix mix{Tensor::empty(source_images.shape(), dtype, source_images.device()),
               Tensor::empty(map, DType::uint8, source_images.device()),
               Tensor::empty(map, wide(dtype), source_images.device())};
  const ProfileScope profile("class_mix", work(source_images, source_labels, mix.weights));
  dispatch(source_images, "class_mix", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::ClassMixArgs<T> args{.batch = source.batch,
                                        .target_batch = target.batch,
                                        .pixels = source.height * source.width,
                                        .channels = source.channels,
                                        .source_image = source_images.data<T>(),
                                        .source_label = source_labels.data<uint8_t>(),
                                        .target_image = target_images.data<T>(),
                                        .target_label = target_labels.data<uint8_t>(),
                                        .target_weight = target_weights.data<kernels::Wide<T>>(),
                                        .chosen = chosen.data<uint8_t>(),
                                        .image = mix.images.template data<T>(),
                                        .label = mix.labels.template data<uint8_t>(),
                                        .weight = mix.weights.template data<kernels::Wide<T>>()};
    if constexpr (device == Device::cpu) kernels::cpu::class_mix(args);
    else kernels::cuda::class_mix(args);
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
      if (in[5].data<uint8_t>()[n * kernels::label_values + in[1].data<uint8_t>()[here]]) continue;
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
           {.shape = {target_batch, height, width}, .fill = Fill::uniform, .always_wide = true},
           {{batch, kernels::label_values}, Fill::integers, 0, 2, DType::uint8}},
          {}};
}

const RegisterOp registered({
    .name = "class_mix",
    .formula = "source where chosen[n, source label], else target: image, label, weight",
    .run = run,
    .reference = reference,
    .samples = {sample(2, 2, 3, 17, 23), sample(3, 1, 1, 8, 9), sample(2, 1, 2, 70, 61),
                sample(1, 1, 1, 1, 1), sample(0, 1, 3, 4, 4), sample(2, 1, 3, 16, 12), sample(1, 1, 1, 5, 9)},
    .benchmarks = {sample(2, 1, 3, 1024, 1024), sample(2, 2, 1, 512, 512)},
    .work = [](const Tensors& in, const Attributes&) { return work(in[0], in[1], in[4]); },
    .has_gradient = false,
});

}  // namespace
}  // namespace masktwins
