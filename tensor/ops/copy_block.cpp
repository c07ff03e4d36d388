#include "tensor/ops/copy_block.h"

#include "kernels/copy_block.h"
#include "tensor/dispatch.h"
#include "tensor/profiler.h"

namespace masktwins {
namespace {

void copy_block(const char* op, const kernels::CopyBlockArgs& args, Device device) {
  const ProfileScope profile(op, {2.0 * static_cast<double>(args.outer * args.inner * args.length), 0});
  dispatch_device(device, op, [&](auto on) {
    if constexpr (on == Device::cpu) kernels::cpu::copy_block(args);
    else kernels::cuda::copy_block(args);
  });
}

}  // namespace

void copy_channels(const char* op, const Tensor& from, int64_t from_channel, Tensor& to, int64_t to_channel,
                   int64_t count) {
  const auto bytes = [&](int64_t elements) { return elements * static_cast<int64_t>(size_of(to.dtype())); };
  const int64_t pixels = to.dim(0) * to.dim(2) * to.dim(3);
  copy_block(op,
             {.x = static_cast<const char*>(from.raw_data()) + bytes(from_channel),
              .y = static_cast<char*>(to.raw_data()) + bytes(to_channel),
              .outer = 1,
              .inner = pixels,
              .length = bytes(count),
              .x_outer = 0,
              .x_inner = bytes(from.dim(1)),
              .y_outer = 0,
              .y_inner = bytes(to.dim(1))},
             to.device());
}

void copy_window(const char* op, const Tensor& from, Corner from_corner, Tensor& to, Corner to_corner,
                 int64_t height, int64_t width) {
  const int64_t channels = to.rank() == 4 ? to.dim(1) : 1;
  const int64_t pixel = channels * static_cast<int64_t>(size_of(to.dtype()));
  const Extent from_extent = extent(from, op), to_extent = extent(to, op);
  const auto corner_offset = [&](Corner corner, Extent image) {
    return (corner.top * image.width + corner.left) * pixel;
  };
  copy_block(op,
             {.x = static_cast<const char*>(from.raw_data()) + corner_offset(from_corner, from_extent),
              .y = static_cast<char*>(to.raw_data()) + corner_offset(to_corner, to_extent),
              .outer = to.dim(0),
              .inner = height,
              .length = width * pixel,
              .x_outer = from_extent.height * from_extent.width * pixel,
              .x_inner = from_extent.width * pixel,
              .y_outer = to_extent.height * to_extent.width * pixel,
              .y_inner = to_extent.width * pixel},
             to.device());
}

Extent extent(const Tensor& x, const char* op) {
  require(x.rank() == 3 || x.rank() == 4, op, ": needs a (N, C, H, W) or (N, H, W) tensor, got ", x.shape());
  return {x.dim(x.rank() - 2), x.dim(x.rank() - 1)};
}

Shape with_extent(const Tensor& x, int64_t height, int64_t width) {
  Shape shape = x.shape();
  shape[x.rank() - 2] = height;
  shape[x.rank() - 1] = width;
  return shape;
}

}  // namespace masktwins
