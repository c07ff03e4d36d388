#include "tensor/ops/choose_classes.h"

#include <algorithm>
#include <set>

#include "kernels/choose_classes.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

Work work(const Tensor& labels) { return {static_cast<double>(labels.bytes()), 0}; }

}  // namespace

Tensor choose_classes(const Tensor& labels, kernels::RandomKey key, uint64_t step) {
  require(labels.rank() >= 1 && labels.dtype() == DType::uint8,
          "choose_classes: needs uint8 labels (N, H, W), got ", labels.dtype(), " ", labels.shape());
  const int64_t images = labels.dim(0);
  Tensor chosen = Tensor::empty({images, kernels::label_values}, DType::uint8, labels.device());
  const ProfileScope profile("choose_classes", work(labels));
  const kernels::ChooseClassesArgs args{images,
                                        images > 0 ? labels.numel() / images : 0,
                                        key,
                                        step,
                                        labels.data<uint8_t>(),
                                        chosen.data<uint8_t>()};
  dispatch_device(labels.device(), "choose_classes", [&](auto on) {
    if constexpr (on == Device::cpu) kernels::cpu::choose_classes(args);
    else kernels::cuda::choose_classes(args);
  });
  return record("choose_classes", chosen);
}

namespace {

constexpr kernels::RandomKey sample_key{5, 3};
constexpr uint64_t sample_step = 11;

Tensors run(const Tensors& inputs, const Attributes&) {
  return {choose_classes(inputs[0], sample_key, sample_step)};
}

// Cards are taken out of the deck; the first remaining one fills the gap.
Tensors reference(const Tensors& inputs, const Attributes&) {
  const Tensor& labels = inputs[0];
  const std::set<uint8_t> values(labels.data<uint8_t>(), labels.data<uint8_t>() + labels.numel());
  Tensor chosen = Tensor::zeros({labels.dim(0), 256}, DType::uint8);
  for (int64_t image = 0; image < labels.dim(0); ++image) {
    std::vector<uint8_t> deck(values.begin(), values.end());
    for (uint64_t i = 0; i < (values.size() + 1) / 2; ++i) {
      const uint32_t word =
          kernels::philox(sample_key, sample_step, static_cast<uint64_t>(image * 256) + i).word[0];
      const auto card = static_cast<std::size_t>((word >> 8) / 16777216.0 * static_cast<double>(deck.size()));
      chosen.data<uint8_t>()[image * 256 + deck[card]] = 1;
      deck[card] = deck[0];
      deck.erase(deck.begin());
    }
  }
  return {chosen};
}

Sample sample(const Shape& shape, double low, double high) {
  return {{{shape, Fill::integers, low, high, DType::uint8}}, {}};
}

const RegisterOp registered({
    .name = "choose_classes",
    .formula = "chosen[n] = half of the values that occur in the labels, drawn without replacement",
    .run = run,
    .reference = reference,
    .samples = {sample({2, 17, 23}, 0, 19), sample({3, 64, 64}, 0, 256), sample({1, 1, 1}, 255, 256),
                sample({2, 5, 7}, 250, 256), sample({0, 4, 4}, 0, 2)},
    .benchmarks = {sample({2, 1024, 1024}, 0, 19)},
    .work = [](const Tensors& inputs, const Attributes&) { return work(inputs[0]); },
    .has_gradient = false,
});

}  // namespace
}  // namespace masktwins
