#include "kernels/common/images.cuh"
#include "kernels/max_pool2d.h"

namespace masktwins::kernels::cuda {
namespace {

// MaxPool2dShape in 32-bit numbers.
struct Pool {
  int channels, height, width, out_height, out_width, kernel, stride, padding;

  explicit Pool(const MaxPool2dShape& s)
      : channels(static_cast<int>(s.channels)),
        height(static_cast<int>(s.height)),
        width(static_cast<int>(s.width)),
        out_height(static_cast<int>(s.out_height())),
        out_width(static_cast<int>(s.out_width())),
        kernel(static_cast<int>(s.kernel)),
        stride(static_cast<int>(s.stride)),
        padding(static_cast<int>(s.padding)) {}

  __device__ int64_t input(int n, int i, int j, int channel) const {
    return ((int64_t{n} * height + i) * width + j) * channels + channel;
  }
  __device__ int64_t output(int n, int i, int j, int channel) const {
    return ((int64_t{n} * out_height + i) * out_width + j) * channels + channel;
  }
  // The first window along one axis that covers position p.
  __device__ int first_window(int p) const {
    return p + padding < kernel ? 0 : (p + padding - kernel) / stride + 1;
  }
};

template <int vector, class T>
__global__ void __launch_bounds__(threads_per_block)
    max_pool2d_kernel(ImageWalk walk, Pool pool, const T* x, T* y, uint8_t* tap) {
  walk.for_each<vector>([&](int n, int i, int j, int channel) {
    const int top = i * pool.stride - pool.padding, left = j * pool.stride - pool.padding;
    const int rows = min(pool.kernel, pool.height - top), columns = min(pool.kernel, pool.width - left);
    Vector<T, vector> best;
    Vector<uint8_t, vector> best_tap;
    bool first = true;
    for (int u = max(0, -top); u < rows; ++u) {
      const T* const row = x + pool.input(n, top + u, 0, channel);
#pragma unroll 2  // more would spill registers on Blackwell
      for (int v = max(0, -left); v < columns; ++v) {
        const auto in = load_vector<vector>(row + int64_t{left + v} * pool.channels);
#pragma unroll
        for (int k = 0; k < vector; ++k) {
          const float value = static_cast<float>(in.element[k]),
                      largest = static_cast<float>(best.element[k]);
          if (first || value > largest || (value != value && largest == largest)) {
            best.element[k] = in.element[k];
            best_tap.element[k] = static_cast<uint8_t>(u * pool.kernel + v);
          }
        }
        first = false;
      }
    }
    store_vector(y + pool.output(n, i, j, channel), best);
    store_vector(tap + pool.output(n, i, j, channel), best_tap);
  });
}

// Windows do not overlap: every input belongs to one cell of stride x stride pixels, whose window is read
// once. (i, j) counts cells.
template <int vector, class T>
__global__ void __launch_bounds__(threads_per_block)
    max_pool2d_backward_cells_kernel(ImageWalk walk, Pool pool, const uint8_t* tap, const T* dy, T* dx) {
  walk.for_each<vector>([&](int n, int i, int j, int channel) {
    const bool window = i < pool.out_height && j < pool.out_width;
    Vector<T, vector> gradient;
    Vector<uint8_t, vector> winner;
    if (window) {
      gradient = load_vector<vector>(dy + pool.output(n, i, j, channel));
      winner = load_vector<vector>(tap + pool.output(n, i, j, channel));
    }
    for (int u = 0; u < pool.stride; ++u)
      for (int v = 0; v < pool.stride; ++v) {
        const int p = i * pool.stride - pool.padding + u, q = j * pool.stride - pool.padding + v;
        if (p < 0 || p >= pool.height || q < 0 || q >= pool.width) continue;
        const bool covered = window && u < pool.kernel && v < pool.kernel;
        Vector<T, vector> out;
#pragma unroll
        for (int k = 0; k < vector; ++k)
          out.element[k] = covered && winner.element[k] == u * pool.kernel + v ? gradient.element[k]
                                                                               : static_cast<T>(0.0f);
        store_vector(dx + pool.input(n, p, q, channel), out);
      }
  });
}

// Windows overlap: an input adds up the windows over it whose maximum it is. 4 blocks: ptxas aims at more by
// itself, and then spills registers on Blackwell.
template <int vector, class T>
__global__ void __launch_bounds__(threads_per_block, 4)
    max_pool2d_backward_kernel(ImageWalk walk, Pool pool, const uint8_t* tap, const T* dy, T* dx) {
  walk.for_each<vector>([&](int n, int p, int q, int channel) {
    const int last_row = min(pool.out_height - 1, (p + pool.padding) / pool.stride);
    const int last_column = min(pool.out_width - 1, (q + pool.padding) / pool.stride);
    float sum[vector] = {};
    for (int i = pool.first_window(p); i <= last_row; ++i)
      for (int j = pool.first_window(q); j <= last_column; ++j) {
        const auto gradient = load_vector<vector>(dy + pool.output(n, i, j, channel));
        const auto winner = load_vector<vector>(tap + pool.output(n, i, j, channel));
        const int here =
            (p + pool.padding - i * pool.stride) * pool.kernel + q + pool.padding - j * pool.stride;
#pragma unroll
        for (int k = 0; k < vector; ++k)
          if (winner.element[k] == here) sum[k] += static_cast<float>(gradient.element[k]);
      }
    Vector<T, vector> out;
#pragma unroll
    for (int k = 0; k < vector; ++k) out.element[k] = static_cast<T>(sum[k]);
    store_vector(dx + pool.input(n, p, q, channel), out);
  });
}

}  // namespace

template <class T>
void max_pool2d(const MaxPool2dArgs<T>& args) {
  const MaxPool2dShape& s = args.shape;
  if (s.batch * s.channels == 0) return;
  with_vector<T>(
      s.channels,
      [&](auto vector) {
        const ImageWalk walk = image_walk(s.batch, s.out_height(), s.out_width(), s.channels, vector);
        launch("max_pool2d", max_pool2d_kernel<vector, T>, walk.grid, walk.block)(walk, Pool(s), args.x,
                                                                                  args.y, args.tap);
      },
      args.x, args.y, args.tap);
}

template <class T>
void max_pool2d_backward(const MaxPool2dBackwardArgs<T>& args) {
  const MaxPool2dShape& s = args.shape;
  if (s.batch * s.channels == 0) return;
  const bool overlap = s.kernel > s.stride;
  const auto cells = [&](int64_t size) { return (size + s.padding + s.stride - 1) / s.stride; };
  with_vector<T>(
      s.channels,
      [&](auto vector) {
        const auto kernel =
            overlap ? max_pool2d_backward_kernel<vector, T> : max_pool2d_backward_cells_kernel<vector, T>;
        const ImageWalk walk = overlap
                                   ? image_walk(s.batch, s.height, s.width, s.channels, vector)
                                   : image_walk(s.batch, cells(s.height), cells(s.width), s.channels, vector);
        launch("max_pool2d_backward", kernel, walk.grid, walk.block)(walk, Pool(s), args.tap, args.dy,
                                                                     args.dx);
      },
      args.tap, args.dy, args.dx);
}

template void max_pool2d(const MaxPool2dArgs<float>&);
template void max_pool2d(const MaxPool2dArgs<bfloat16>&);
template void max_pool2d(const MaxPool2dArgs<float16>&);
template void max_pool2d_backward(const MaxPool2dBackwardArgs<float>&);
template void max_pool2d_backward(const MaxPool2dBackwardArgs<bfloat16>&);
template void max_pool2d_backward(const MaxPool2dBackwardArgs<float16>&);

}  // namespace masktwins::kernels::cuda
