#include "tensor/ops/channel_sum.h"

#include "kernels/channel_sum.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

Work work(const Tensor& x) { return {static_cast<double>(x.bytes()), static_cast<double>(x.numel())}; }

}  // namespace

Tensor channel_sum(const Tensor& x) {
  const ImageSize size = image_size(x, "channel_sum");
  Tensor sum = Tensor::empty({size.channels}, x.dtype(), x.device());
  {
    const ProfileScope profile("channel_sum", work(x));
    dispatch(x, "channel_sum", [&](auto device, auto zero) {
      using T = decltype(zero);
      const kernels::ChannelSumArgs<T> args{size.batch * size.height * size.width, size.channels, x.data<T>(),
                                            sum.data<T>()};
      if constexpr (device == Device::cpu) kernels::cpu::channel_sum(args);
      else kernels::cuda::channel_sum(args);
    });
  }
  return record("channel_sum", sum);
}

namespace {

Tensors reference(const Tensors& inputs, const Attributes&) {
  const std::vector<double> x = inputs[0].to_values<double>();
  const int64_t channels = inputs[0].dim(1), pixels = inputs[0].dim(2) * inputs[0].dim(3);
  Tensor sum = Tensor::zeros({channels}, DType::float64);
  for (std::size_t i = 0; i < x.size(); ++i)
    sum.data<double>()[static_cast<int64_t>(i) / pixels % channels] += x[i];
  return {sum};
}

const RegisterOp registered({
    .name = "channel_sum",
    .formula = "sum[c] = sum over n, i, j of x[n,c,i,j]",
    .run = [](const Tensors& inputs, const Attributes&) { return Tensors{channel_sum(inputs[0])}; },
    .reference = reference,
    .samples = {{{{{2, 3, 5, 7}}}, {}},
                {{{{1, 1, 1, 1}}}, {}},
                {{{{3, 17, 31, 9}}}, {}},
                {{{{0, 3, 2, 2}}}, {}},
                {{{{2, 16, 7, 5}}}, {}}},
    .benchmarks = {{{{{2, 32, 256, 256}}}, {}}},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0]); },
    .has_gradient = false,
});

}  // namespace
}  // namespace masktwins
