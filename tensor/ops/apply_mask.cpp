#include "tensor/ops/apply_mask.h"

#include "kernels/apply_mask.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

Work work(const Tensor& x, const Tensor& index, int64_t views) {
  return {
      static_cast<double>(x.bytes()) * static_cast<double>(1 + views) + static_cast<double>(index.bytes()),
      0};
}

}  // namespace

std::vector<Tensor> apply_mask(const Tensor& x, const Tensor& index, int64_t views, int64_t first) {
  const ImageSize size = image_size(x, "apply_mask");
  require(index.shape() == Shape{size.batch, size.height, size.width}, "apply_mask: the mask ", index.shape(),
          " does not fit the images ", x.shape());
  require(!x.requires_grad() || !grad_enabled(),
          "apply_mask: images that require a gradient are not supported");
  std::vector<Tensor> result;
  for (int64_t k = 0; k < views; ++k) result.push_back(Tensor::empty(x.shape(), x.dtype(), x.device()));
  const ProfileScope profile("apply_mask", work(x, index, views));
  dispatch(x, "apply_mask", [&](auto device, auto zero) {
    using T = decltype(zero);
    std::vector<T*> view;
    for (Tensor& tensor : result) view.push_back(tensor.data<T>());
    const kernels::ApplyMaskArgs<T> args{index.numel(),
                                         size.channels,
                                         views,
                                         x.data<T>(),
                                         index.data<uint8_t>(),
                                         view.data(),
                                         static_cast<uint8_t>(first)};
    if constexpr (device == Device::cpu) kernels::cpu::apply_mask(args);
    else kernels::cuda::apply_mask(args);
  });
  for (const Tensor& tensor : result) record("apply_mask", tensor);
  return result;
}

namespace {

Tensors reference(const Tensors& inputs, const Attributes& a) {
  Tensors views;
  const int64_t channels = inputs[0].dim(1);
  for (int64_t k = 0; k < attribute(a, "views"); ++k) {
    Tensor view = inputs[0].clone();
    for (int64_t i = 0; i < view.numel(); ++i)
      if (inputs[1].data<uint8_t>()[i / channels] != k + attribute(a, "first")) view.data<double>()[i] = 0;
    views.push_back(view);
  }
  return views;
}

Sample sample(const Shape& x, double views, double first) {
  const Argument index{{x[0], x[2], x[3]}, Fill::integers, first, first + views, DType::uint8};
  return {{{x}, index}, {{"views", views}, {"first", first}}};
}

const RegisterOp registered({
    .name = "apply_mask",
    .formula = "view_k = x where index = first + k, else 0",
    .run =
        [](const Tensors& in, const Attributes& a) {
          return apply_mask(in[0], in[1], attribute(a, "views"), attribute(a, "first"));
        },
    .reference = reference,
    .samples = {sample({2, 1, 9, 7}, 2, 0), sample({1, 3, 5, 6}, 3, 0), sample({1, 2, 4, 4}, 1, 1),
                sample({1, 1, 1, 1}, 2, 0), sample({0, 1, 4, 4}, 2, 0)},
    .benchmarks = {sample({2, 1, 512, 512}, 2, 0), sample({1, 3, 1024, 1024}, 2, 0)},
    .work = [](const Tensors& in, const Attributes& a) { return work(in[0], in[1], attribute(a, "views")); },
    .has_gradient = false,
});

}  // namespace
}  // namespace masktwins
