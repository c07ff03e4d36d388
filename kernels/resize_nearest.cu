#include <stdexcept>

#include "kernels/common/images.cuh"
#include "kernels/common/resize_sizes.cuh"
#include "kernels/resize_nearest.h"

namespace masktwins::kernels::cuda {
namespace {

// The position that output i reads, and the first output that reads position p; products fit into 32 bits.
constexpr int64_t largest_side = 65535;

__device__ int source_of(unsigned i, unsigned in, unsigned out) { return static_cast<int>(i * in / out); }
__device__ int first_reader(unsigned p, unsigned in, unsigned out) {
  return static_cast<int>((p * out + in - 1) / in);
}

template <int vector, class T>
__global__ void __launch_bounds__(threads_per_block)
    resize_nearest_kernel(ImageWalk walk, ResizeSizes s, const T* x, T* y) {
  walk.for_each<vector>([&](int n, int i, int j, int channel) {
    const int row = source_of(i, s.height, s.out_height), column = source_of(j, s.width, s.out_width);
    store_vector(y + s.output(n, i, j, channel), load_vector<vector>(x + s.input(n, row, column, channel)));
  });
}

template <int vector, class T>
__global__ void __launch_bounds__(threads_per_block)
    resize_nearest_backward_kernel(ImageWalk walk, ResizeSizes s, const T* dy, T* dx) {
  walk.for_each<vector>([&](int n, int p, int q, int channel) {
    const int last_row = first_reader(p + 1, s.height, s.out_height);
    const int first_column = first_reader(q, s.width, s.out_width);
    const int last_column = first_reader(q + 1, s.width, s.out_width);
    float sum[vector] = {};
    for (int i = first_reader(p, s.height, s.out_height); i < last_row; ++i)
      for (int j = first_column; j < last_column; ++j) {
        const auto gradient = load_vector<vector>(dy + s.output(n, i, j, channel));
#pragma unroll
        for (int k = 0; k < vector; ++k) sum[k] += static_cast<float>(gradient.element[k]);
      }
    Vector<T, vector> out;
#pragma unroll
    for (int k = 0; k < vector; ++k) out.element[k] = static_cast<T>(sum[k]);
    store_vector(dx + s.input(n, p, q, channel), out);
  });
}

void check_sides(const ResizeShape& s) {
  if (std::max({s.height, s.width, s.out_height, s.out_width}) > largest_side)
    throw std::runtime_error("resize_nearest: cuda takes images of at most " + std::to_string(largest_side) +
                             " pixels per side");
}

}  // namespace

template <class T>
void resize_nearest(const ResizeNearestArgs<T>& args) {
  const ResizeShape& s = args.shape;
  if (s.batch * s.channels == 0) return;
  check_sides(s);
  with_vector<T>(
      s.channels,
      [&](auto vector) {
        const ImageWalk walk = image_walk(s.batch, s.out_height, s.out_width, s.channels, vector);
        launch("resize_nearest", resize_nearest_kernel<vector, T>, walk.grid, walk.block)(
            walk, ResizeSizes(s), args.x, args.y);
      },
      args.x, args.y);
}

template <class T>
void resize_nearest_backward(const ResizeNearestBackwardArgs<T>& args) {
  const ResizeShape& s = args.shape;
  if (s.batch * s.channels == 0) return;
  check_sides(s);
  with_vector<T>(
      s.channels,
      [&](auto vector) {
        const ImageWalk walk = image_walk(s.batch, s.height, s.width, s.channels, vector);
        launch("resize_nearest_backward", resize_nearest_backward_kernel<vector, T>, walk.grid, walk.block)(
            walk, ResizeSizes(s), args.dy, args.dx);
      },
      args.dy, args.dx);
}

template void resize_nearest(const ResizeNearestArgs<float>&);
template void resize_nearest(const ResizeNearestArgs<bfloat16>&);
template void resize_nearest(const ResizeNearestArgs<float16>&);
template void resize_nearest_backward(const ResizeNearestBackwardArgs<float>&);
template void resize_nearest_backward(const ResizeNearestBackwardArgs<bfloat16>&);
template void resize_nearest_backward(const ResizeNearestBackwardArgs<float16>&);

}  // namespace masktwins::kernels::cuda
