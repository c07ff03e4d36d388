#include "kernels/common/channels.cuh"
#include "kernels/layer_norm.h"

namespace masktwins::kernels::cuda {
namespace {

constexpr int rows_per_lane = 4;  // at least, where there are enough: parameters are read once for all

// How lanes share rows: a power of two of them per row, so that a warp has one or more whole rows; each holds
// every lanes-th vector of `width` channels.
struct RowLanes {
  int columns;  // vectors in a row
  dim3 block;   // (lanes of a row, rows)

  template <class Value>
  __device__ Value sum(Value value) const {
    for (int distance = blockDim.x / 2; distance > 0; distance /= 2)
      value += __shfl_xor_sync(all_lanes, value, distance);
    return value;
  }
};

// A lane's vectors of a row: `packs` of them in registers, or, if packs is 0, read again on every pass.
template <int width, int packs, class T>
struct LaneRow {
  const T* row;
  int columns;  // 0 for a row behind the last
  Vector<T, width> kept[packs > 0 ? packs : 1];

  __device__ LaneRow(const T* row, int columns) : row(row), columns(columns) {
#pragma unroll
    for (int p = 0; p < packs; ++p)
      if (column(p) < columns) kept[p] = load_vector<width>(row + column(p) * width);
  }
  __device__ static int column(int p) { return p * blockDim.x + threadIdx.x; }

  // Calls f(number of the vector, its first channel, the vector).
  template <class F>
  __device__ __forceinline__ void for_each(F&& f) const {
    if constexpr (packs > 0) {
#pragma unroll
      for (int p = 0; p < packs; ++p)
        if (column(p) < columns) f(p, column(p) * width, kept[p]);
    } else {
      for (int p = 0; column(p) < columns; ++p)
        f(p, column(p) * width, load_vector<width>(row + column(p) * width));
    }
  }
};

// The weight or bias of a lane's channels, kept like its vectors of a row.
template <int width, int packs>
struct LaneParameters {
  const float* parameters;
  Vector<float, width> kept[packs > 0 ? packs : 1];

  __device__ LaneParameters(const float* parameters, int columns) : parameters(parameters) {
#pragma unroll
    for (int p = 0; p < packs; ++p)
      if (const int column = p * blockDim.x + threadIdx.x; column < columns)
        load_elements(parameters + column * width, kept[p].element);
  }
  __device__ __forceinline__ Vector<float, width> at(int p, int channel) const {
    if constexpr (packs > 0) return kept[p];
    Vector<float, width> loaded;
    load_elements(parameters + channel, loaded.element);
    return loaded;
  }
};

template <int width, int packs, class T>
__global__ void __launch_bounds__(threads_per_block)
    layer_norm_kernel(RowLanes lanes, LayerNormArgs<T> args, float eps) {
  const float share = 1 / static_cast<float>(args.channels);
  const LaneParameters<width, packs> weight(args.weight, lanes.columns), bias(args.bias, lanes.columns);
  for (int64_t first = int64_t{blockIdx.x} * blockDim.y; first < args.rows;
       first += int64_t{gridDim.x} * blockDim.y) {
    const int64_t row = first + threadIdx.y, element = row * args.channels;
    const LaneRow<width, packs, T> x(args.x + element, row < args.rows ? lanes.columns : 0);
    float sum = 0, squares = 0;
    x.for_each([&](int, int, const Vector<T, width>& in) {
#pragma unroll
      for (int k = 0; k < width; ++k) sum += static_cast<float>(in.element[k]);
    });
    const float mean = lanes.sum(sum) * share;
    x.for_each([&](int, int, const Vector<T, width>& in) {
#pragma unroll
      for (int k = 0; k < width; ++k) {
        const float distance = static_cast<float>(in.element[k]) - mean;
        squares += distance * distance;
      }
    });
    const float rstd = 1 / sqrtf(lanes.sum(squares) * share + eps);
    x.for_each([&](int p, int channel, const Vector<T, width>& in) {
      const Vector<float, width> w = weight.at(p, channel), b = bias.at(p, channel);
      Vector<T, width> out;
#pragma unroll
      for (int k = 0; k < width; ++k)
        out.element[k] =
            static_cast<T>((static_cast<float>(in.element[k]) - mean) * rstd * w.element[k] + b.element[k]);
      store_vector(args.y + element + channel, out);
    });
    if (threadIdx.x == 0 && row < args.rows) {
      args.mean[row] = mean;
      args.rstd[row] = rstd;
    }
  }
}

// dx; and with packs > 0, where each lane keeps its channels through all rows, the block's share of dweight
// and dbias: partial (2, channel, block).
template <int width, int packs, class T>
__global__ void __launch_bounds__(threads_per_block)
    layer_norm_backward_kernel(RowLanes lanes, LayerNormBackwardArgs<T> args, float* partial) {
  constexpr int kept = packs > 0 ? packs : 1;
  const float share = 1 / static_cast<float>(args.channels);
  float sums[kept][2 * width] = {};  // of dy * xhat, then of dy
  const LaneParameters<width, packs> weight(args.weight, lanes.columns);
  for (int64_t first = int64_t{blockIdx.x} * blockDim.y; first < args.rows;
       first += int64_t{gridDim.x} * blockDim.y) {
    const int64_t row = first + threadIdx.y, element = row * args.channels;
    const bool inside = row < args.rows;
    const LaneRow<width, packs, T> x(args.x + element, inside ? lanes.columns : 0);
    const LaneRow<width, packs, T> dy(args.dy + element, inside ? lanes.columns : 0);
    const float mean = inside ? args.mean[row] : 0, rstd = inside ? args.rstd[row] : 0;
    float g_sum = 0, gx_sum = 0;
    x.for_each([&](int p, int channel, const Vector<T, width>& in) {
      const auto gradient = packs > 0 ? dy.kept[p % kept] : load_vector<width>(dy.row + channel);
      const Vector<float, width> w = weight.at(p, channel);
#pragma unroll
      for (int k = 0; k < width; ++k) {
        const float xhat = (static_cast<float>(in.element[k]) - mean) * rstd;
        const float out = static_cast<float>(gradient.element[k]), g = out * w.element[k];
        g_sum += g;
        gx_sum += g * xhat;
        if constexpr (packs > 0) {
          sums[p][k] += out * xhat;
          sums[p][width + k] += out;
        }
      }
    });
    const float g_mean = lanes.sum(g_sum) * share, gx_mean = lanes.sum(gx_sum) * share;
    x.for_each([&](int p, int channel, const Vector<T, width>& in) {
      const auto gradient = packs > 0 ? dy.kept[p % kept] : load_vector<width>(dy.row + channel);
      const Vector<float, width> w = weight.at(p, channel);
      Vector<T, width> out;
#pragma unroll
      for (int k = 0; k < width; ++k) {
        const float xhat = (static_cast<float>(in.element[k]) - mean) * rstd;
        const float g = static_cast<float>(gradient.element[k]) * w.element[k];
        out.element[k] = static_cast<T>(rstd * (g - g_mean - xhat * gx_mean));
      }
      store_vector(args.dx + element + channel, out);
    });
  }
  if constexpr (packs > 0) {
    __shared__ float shared[2 * width * threads_per_block];
#pragma unroll
    for (int p = 0; p < packs; ++p) {
      fold_columns(sums[p], shared, [](float(&a)[2 * width], const float(&b)[2 * width]) {
#pragma unroll
        for (int i = 0; i < 2 * width; ++i) a[i] += b[i];
      });
      const int channel = LaneRow<width, packs, T>::column(p) * width;
      if (threadIdx.y == 0 && channel < args.channels)
        for (int i = 0; i < 2 * width; ++i)
          partial[(i / width * args.channels + channel + i % width) * gridDim.x + blockIdx.x] = sums[p][i];
    }
  }
}

// For rows that do not fit into registers: sums of dy * xhat and of dy.
template <class T>
struct ParameterSums {
  static constexpr int sums = 2;
  LayerNormBackwardArgs<T> args;

  template <int width>
  __device__ int64_t lanes(int64_t, int64_t) const {
    return 0;
  }
  template <int width>
  __device__ void add(int64_t, int64_t element, float (&sum)[2 * width]) const {
    const int64_t row = element / args.channels;
    const auto x = load_vector<width>(args.x + element), dy = load_vector<width>(args.dy + element);
    const float mean = args.mean[row], rstd = args.rstd[row];
#pragma unroll
    for (int k = 0; k < width; ++k) {
      const float gradient = static_cast<float>(dy.element[k]);
      sum[k] += gradient * (static_cast<float>(x.element[k]) - mean) * rstd;
      sum[width + k] += gradient;
    }
  }
};

RowLanes row_lanes(int64_t channels, int width) {
  RowLanes lanes{static_cast<int>(channels / width), {}};
  while (lanes.block.x < static_cast<unsigned>(std::min(lanes.columns, warp_size))) lanes.block.x *= 2;
  lanes.block.y = threads_per_block / lanes.block.x;
  return lanes;
}

// Calls body(width, packs): how many channels a lane moves at once, and how many such vectors of a row it
// keeps in registers, or 0 if it would have to keep more than 4.
template <class T, class Body, class... P>
void with_packs(int64_t channels, Body&& body, const P*... arrays) {
  using std::integral_constant;
  constexpr integral_constant<int, pack_size<T>> pack;
  const bool packed = channels % pack == 0 && pack_aligned(arrays...);
  const int64_t vectors = (channels / (packed ? pack : 1) + warp_size - 1) / warp_size;
  if (!packed && vectors == 1) body(integral_constant<int, 1>{}, integral_constant<int, 1>{});
  else if (!packed) body(integral_constant<int, 1>{}, integral_constant<int, 0>{});
  else if (vectors == 1) body(pack, integral_constant<int, 1>{});
  else if (vectors == 2) body(pack, integral_constant<int, 2>{});
  else if (vectors <= 4) body(pack, integral_constant<int, 4>{});
  else body(pack, integral_constant<int, 0>{});
}

}  // namespace

template <class T>
void layer_norm(const LayerNormArgs<T>& args) {
  if (args.rows * args.channels == 0) return;
  with_packs<T>(
      args.channels,
      [&](auto width, auto packs) {
        const RowLanes lanes = row_lanes(args.channels, width);
        launch("layer_norm", layer_norm_kernel<width, packs, T>,
               blocks_for(args.rows, rows_per_lane * lanes.block.y),
               lanes.block)(lanes, args, static_cast<float>(args.eps));
      },
      args.x, args.y);
}

template <class T>
void layer_norm_backward(const LayerNormBackwardArgs<T>& args) {
  if (args.channels == 0) return;
  constexpr unsigned most_partials =
      512;  // blocks, few enough that their sums are a small share of the traffic
  with_packs<T>(
      args.channels,
      [&](auto width, auto packs) {
        const RowLanes lanes = row_lanes(args.channels, width);
        const unsigned blocks = std::min(blocks_for(args.rows, rows_per_lane * lanes.block.y), most_partials);
        const DeviceScratch<float> sums(2 * args.channels * blocks);
        launch("layer_norm_backward", layer_norm_backward_kernel<width, packs, T>, blocks, lanes.block)(
            lanes, args, sums.data());
        if constexpr (packs > 0) {
          for (const int parameter : {0, 1})
            launch("layer_norm_parameters", sum_chunks_kernel<float>, blocks_of_warps(args.channels),
                   threads_per_block)(sums.data() + parameter * args.channels * blocks, args.channels,
                                      int64_t{blocks}, parameter == 0 ? args.dweight : args.dbias);
        } else {
          const DeviceScratch<float> both(2 * args.channels);
          channel_sums<T>("layer_norm_parameters", ParameterSums<T>{args},
                          channel_walk<T>(1, args.rows, args.channels, args.x, args.dy), both.data());
          const std::size_t bytes = static_cast<std::size_t>(args.channels) * sizeof(float);
          copy_on_device(args.dweight, both.data(), bytes);
          copy_on_device(args.dbias, both.data() + args.channels, bytes);
        }
      },
      args.x, args.dy, args.dx);
}

template void layer_norm(const LayerNormArgs<float>&);
template void layer_norm(const LayerNormArgs<bfloat16>&);
template void layer_norm(const LayerNormArgs<float16>&);
template void layer_norm_backward(const LayerNormBackwardArgs<float>&);
template void layer_norm_backward(const LayerNormBackwardArgs<bfloat16>&);
template void layer_norm_backward(const LayerNormBackwardArgs<float16>&);

}  // namespace masktwins::kernels::cuda
