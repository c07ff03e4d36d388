#include "kernels/common/channels.cuh"
#include "kernels/common/images.cuh"
#include "kernels/depthwise_conv2d.h"

namespace masktwins::kernels::cuda {
namespace {

constexpr int taps = 9;
constexpr int strip = 16;  // rows that a thread goes down, `dilation` apart

// DepthwiseShape in 32-bit numbers. Rows are grouped into strips: rows r, r + dilation, r + 2 dilation, ...
// whose windows overlap, so that two of a window's three rows are in registers already.
struct Strips {
  int channels, height, width, dilation;

  explicit Strips(const DepthwiseShape& s)
      : channels(static_cast<int>(s.channels)),
        height(static_cast<int>(s.height)),
        width(static_cast<int>(s.width)),
        dilation(static_cast<int>(std::min(s.dilation, std::max(s.height, s.width)))) {}

  // Strips of an image: those of the first strip * dilation rows, then of the next.
  __host__ __device__ int count() const {
    return (height + strip * dilation - 1) / (strip * dilation) * dilation;
  }
  __device__ int first_row(int number) const {
    return number / dilation * strip * dilation + number % dilation;
  }
  __device__ int64_t element(int n, int i, int j, int channel) const {
    return ((int64_t{n} * height + i) * width + j) * channels + channel;
  }
};

// The 3 x 3 pixels around the one that a thread computes.
template <int vector, class T>
struct Window {
  Vector<T, vector> pixel[3][3];

  __device__ void load_row(const Strips& s, const T* x, int n, int i, int j, int channel, int u) {
#pragma unroll
    for (int v = 0; v < 3; ++v) {
      const int column = j + (v - 1) * s.dilation;
      if (i >= 0 && i < s.height && column >= 0 && column < s.width)
        pixel[u][v] = load_vector<vector>(x + s.element(n, i, column, channel));
      else
#pragma unroll
        for (int k = 0; k < vector; ++k) pixel[u][v].element[k] = static_cast<T>(0.0f);
    }
  }
  __device__ void move_down() {
#pragma unroll
    for (int v = 0; v < 3; ++v) pixel[0][v] = pixel[1][v], pixel[1][v] = pixel[2][v];
  }
};

// Calls body(row, window) for the rows of a strip.
template <int vector, class T, class Body>
__device__ __forceinline__ void go_down(const Strips& s, const T* x, int n, int number, int j, int channel,
                                        Body&& body) {
  const int first = s.first_row(number), last = min(s.height - 1, first + (strip - 1) * s.dilation);
  Window<vector, T> window;
  window.load_row(s, x, n, first - s.dilation, j, channel, 0);
  window.load_row(s, x, n, first, j, channel, 1);
  for (int i = first; i <= last; i += s.dilation) {
    window.load_row(s, x, n, i + s.dilation, j, channel, 2);
    body(i, window);
    window.move_down();
  }
}

template <int vector, bool turned, class T>
__global__ void __launch_bounds__(threads_per_block)
    depthwise_conv2d_kernel(ImageWalk walk, Strips s, const T* x, const T* weight, const T* bias, T* y) {
  walk.for_each<vector>([&](int n, int number, int j, int channel) {
    T filters[vector * taps], biases[vector] = {};
    load_elements(weight + channel * taps, filters);
    if (bias) load_elements(bias + channel, biases);
    float weights[taps][vector];
#pragma unroll
    for (int k = 0; k < vector; ++k)
#pragma unroll
      for (int tap = 0; tap < taps; ++tap)
        weights[tap][k] = static_cast<float>(filters[k * taps + (turned ? taps - 1 - tap : tap)]);
    go_down<vector>(s, x, n, number, j, channel, [&](int i, const Window<vector, T>& window) {
      Vector<T, vector> out;
#pragma unroll
      for (int k = 0; k < vector; ++k) {
        float sum = static_cast<float>(biases[k]);
#pragma unroll
        for (int tap = 0; tap < taps; ++tap)
          sum += weights[tap][k] * static_cast<float>(window.pixel[tap / 3][tap % 3].element[k]);
        out.element[k] = static_cast<T>(sum);
      }
      store_vector(y + s.element(n, i, j, channel), out);
    });
  });
}

// Threads of a column of the block share channels; each adds up some strips of pixels. dbias counts as a
// tenth tap. weight_partial: (channel, tap, block), bias_partial: (channel, block).
template <int vector, class T>
__global__ void __launch_bounds__(threads_per_block)
    depthwise_weight_kernel(Strips s, int64_t items, const T* x, const T* dy, float* weight_partial,
                            float* bias_partial) {
  __shared__ float shared[vector * threads_per_block];
  const int channel = (blockIdx.y * blockDim.x + threadIdx.x) * vector;
  const bool inside = channel < s.channels;
  float sums[taps + 1][vector] = {};
  for (int64_t item = int64_t{blockIdx.x} * blockDim.y + threadIdx.y; inside && item < items;
       item += int64_t{gridDim.x} * blockDim.y) {
    const int row = static_cast<int>(item / s.width), j = static_cast<int>(item - int64_t{row} * s.width);
    const int n = row / s.count(), number = row % s.count();
    go_down<vector>(s, x, n, number, j, channel, [&](int i, const Window<vector, T>& window) {
      const auto gradient = load_vector<vector>(dy + s.element(n, i, j, channel));
#pragma unroll
      for (int k = 0; k < vector; ++k) {
        const float g = static_cast<float>(gradient.element[k]);
        sums[taps][k] += g;
#pragma unroll
        for (int tap = 0; tap < taps; ++tap)
          sums[tap][k] += g * static_cast<float>(window.pixel[tap / 3][tap % 3].element[k]);
      }
    });
  }
#pragma unroll
  for (int tap = 0; tap <= taps; ++tap) {
    fold_columns(sums[tap], shared, [](float(&a)[vector], const float(&b)[vector]) {
#pragma unroll
      for (int k = 0; k < vector; ++k) a[k] += b[k];
    });
    if (!inside || threadIdx.y != 0) continue;
#pragma unroll
    for (int k = 0; k < vector; ++k) {
      const int64_t c = channel + k;
      if (tap < taps) weight_partial[(c * taps + tap) * gridDim.x + blockIdx.x] = sums[tap][k];
      else bias_partial[c * gridDim.x + blockIdx.x] = sums[tap][k];
    }
  }
}

template <bool turned, class T>
void convolve(const char* name, const DepthwiseShape& shape, const T* x, const T* weight, const T* bias,
              T* y) {
  if (shape.batch * shape.height * shape.width * shape.channels == 0) return;
  const Strips strips(shape);
  with_vector<T>(
      shape.channels,
      [&](auto vector) {
        const ImageWalk walk = image_walk(shape.batch, strips.count(), shape.width, shape.channels, vector);
        launch(name, depthwise_conv2d_kernel<vector, turned, T>, walk.grid, walk.block)(walk, strips, x,
                                                                                        weight, bias, y);
      },
      x, y);
}

}  // namespace

template <class T>
void depthwise_conv2d(const DepthwiseArgs<T>& args) {
  convolve<false>("depthwise_conv2d", args.shape, args.x, args.weight, args.bias, args.y);
}

template <class T>
void depthwise_conv2d_backward_data(const DepthwiseBackwardDataArgs<T>& args) {
  convolve<true>("depthwise_conv2d_backward_data", args.shape, args.dy, args.weight,
                 static_cast<const T*>(nullptr), args.dx);
}

template <class T>
void depthwise_conv2d_backward_weight(const DepthwiseBackwardWeightArgs<T>& args) {
  const DepthwiseShape& shape = args.shape;
  if (shape.channels == 0) return;
  const Strips strips(shape);
  const int64_t items = shape.batch * strips.count() * shape.width;
  with_vector<T>(
      shape.channels,
      [&](auto vector) {
        constexpr int64_t most_columns = 32, most_chunks = 256;
        const int64_t columns = shape.channels / vector;
        dim3 block(static_cast<unsigned>(std::min(columns, most_columns)));
        block.y = threads_per_block / block.x;
        const dim3 grid(std::min(blocks_for(items, block.y), static_cast<unsigned>(most_chunks)),
                        static_cast<unsigned>((columns + block.x - 1) / block.x));
        const DeviceScratch<float> weights(shape.channels * taps * grid.x), biases(shape.channels * grid.x);
        launch("depthwise_conv2d_backward_weight", depthwise_weight_kernel<vector, T>, grid, block)(
            strips, items, args.x, args.dy, weights.data(), biases.data());
        launch("depthwise_conv2d_sum_weight", sum_chunks_kernel<T>, blocks_of_warps(shape.channels * taps),
               threads_per_block)(weights.data(), shape.channels * taps, int64_t{grid.x}, args.dweight);
        if (args.dbias)
          launch("depthwise_conv2d_sum_bias", sum_chunks_kernel<T>, blocks_of_warps(shape.channels),
                 threads_per_block)(biases.data(), shape.channels, int64_t{grid.x}, args.dbias);
      },
      args.x, args.dy);
}

template void depthwise_conv2d(const DepthwiseArgs<float>&);
template void depthwise_conv2d(const DepthwiseArgs<bfloat16>&);
template void depthwise_conv2d(const DepthwiseArgs<float16>&);
template void depthwise_conv2d_backward_data(const DepthwiseBackwardDataArgs<float>&);
template void depthwise_conv2d_backward_data(const DepthwiseBackwardDataArgs<bfloat16>&);
template void depthwise_conv2d_backward_data(const DepthwiseBackwardDataArgs<float16>&);
template void depthwise_conv2d_backward_weight(const DepthwiseBackwardWeightArgs<float>&);
template void depthwise_conv2d_backward_weight(const DepthwiseBackwardWeightArgs<bfloat16>&);
template void depthwise_conv2d_backward_weight(const DepthwiseBackwardWeightArgs<float16>&);

}  // namespace masktwins::kernels::cuda
