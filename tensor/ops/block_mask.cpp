#include "tensor/ops/block_mask.h"

#include <algorithm>
#include <cmath>

#include "kernels/block_mask.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
#include "tensor/op.h"

namespace masktwins {
namespace {

Work work(int64_t pixels) { return {static_cast<double>(pixels), 0}; }

}  // namespace

Tensor block_mask(int64_t batch, int64_t height, int64_t width, int64_t block,
                  const std::vector<double>& bounds, kernels::RandomKey key, uint64_t step, Device device) {
  require(block >= 1, "block_mask: block must be at least 1 pixel, got ", block);
  require(bounds.size() <= 255, "block_mask: at most 256 parts, got ", bounds.size() + 1);
  require(std::is_sorted(bounds.begin(), bounds.end()), "block_mask: bounds must ascend");
  Tensor index = Tensor::empty({batch, height, width}, DType::uint8, device);
  const ProfileScope profile("block_mask", work(index.numel()));
  const kernels::BlockMaskArgs args{batch, height,        width,
                                    block, bounds.data(), static_cast<int64_t>(bounds.size()),
                                    key,   step,          index.data<uint8_t>()};
  dispatch_device(device, "block_mask", [&](auto on) {
    if constexpr (on == Device::cpu) kernels::cpu::block_mask(args);
    else kernels::cuda::block_mask(args);
  });
  return record("block_mask", index);
}

namespace {

constexpr kernels::RandomKey sample_key{5, 3};
constexpr uint64_t sample_step = 11;

std::vector<double> bounds_of(const Attributes& a) {
  std::vector<double> bounds;
  for (int64_t k = 1; k < attribute(a, "parts"); ++k)
    bounds.push_back(static_cast<double>(k) / real_attribute(a, "parts"));
  return bounds;
}

// The input is empty and says by its device where the mask is drawn.
Tensors run(const Tensors& inputs, const Attributes& a) {
  return {block_mask(attribute(a, "batch"), attribute(a, "height"), attribute(a, "width"),
                     attribute(a, "block"), bounds_of(a), sample_key, sample_step, inputs[0].device())};
}

Tensors reference(const Tensors&, const Attributes& a) {
  const int64_t batch = attribute(a, "batch"), height = attribute(a, "height"), width = attribute(a, "width");
  const auto cells = [&](int64_t size) {
    return std::max<int64_t>(
        1, static_cast<int64_t>(std::nearbyint(static_cast<double>(size) / real_attribute(a, "block"))));
  };
  const int64_t rows = cells(height), columns = cells(width);
  Tensor index = Tensor::empty({batch, height, width}, DType::uint8);
  uint8_t* out = index.data<uint8_t>();
  for (int64_t n = 0; n < batch; ++n)
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x) {
        const int64_t cell = (n * rows + y * rows / height) * columns + x * columns / width;
        const uint32_t word = kernels::philox(sample_key, sample_step, static_cast<uint64_t>(cell)).word[0];
        const double u = (word >> 8) / 16777216.0;
        *out = 0;
        for (const double bound : bounds_of(a))
          if (u > bound) ++*out;
        ++out;
      }
  return {index};
}

Sample sample(double batch, double height, double width, double block, double parts) {
  return {{{{0}}},
          {{"batch", batch}, {"height", height}, {"width", width}, {"block", block}, {"parts", parts}}};
}

const RegisterOp registered({
    .name = "block_mask",
    .formula = "index[n,i,j] = number of bounds below u(key, step, cell of (n,i,j))",
    .run = run,
    .reference = reference,
    .samples = {sample(2, 64, 96, 16, 2), sample(1, 37, 53, 8, 3), sample(3, 5, 4, 64, 4),
                sample(1, 1, 1, 1, 2), sample(0, 8, 8, 4, 2)},
    .benchmarks = {sample(2, 512, 512, 32, 2)},
    .work =
        [](const Tensors&, const Attributes& a) {
          return work(attribute(a, "batch") * attribute(a, "height") * attribute(a, "width"));
        },
    .has_gradient = false,
});

}  // namespace
}  // namespace masktwins
