#include <limits>

#include "kernels/common/channels.cuh"
#include "kernels/normalize.h"

namespace masktwins::kernels::cuda {
namespace {

// Mean and sum of squared distances from it, of `width` channels over count rows, as an array of numbers:
// count, means, squares. Two sets combine exactly (Chan, Golub and LeVeque 1979).
template <int width>
using Moments = float[1 + 2 * width];

template <int width>
__device__ __forceinline__ void combine_moments(Moments<width>& a, const Moments<width>& b) {
  const float count = a[0] + b[0];
  if (b[0] == 0) return;
  const float share = b[0] / count, weight = a[0] * share;
#pragma unroll
  for (int k = 0; k < width; ++k) {
    const float distance = b[1 + k] - a[1 + k];
    a[1 + k] += distance * share;
    a[1 + width + k] += b[1 + width + k] + distance * distance * weight;
  }
  a[0] = count;
}

// Rows that a thread holds in registers to go over them twice: first the mean, then the distances from it.
constexpr int rows_at_once = 4;

template <int width, class T>
__device__ __forceinline__ void moments_of_rows(const T* x, int64_t distance, int rows,
                                                Moments<width>& moments) {
  Vector<T, width> in[rows_at_once];
#pragma unroll
  for (int r = 0; r < rows_at_once; ++r)
    if (r < rows) in[r] = load_vector<width>(x + r * distance);
  const float scale = 1 / static_cast<float>(rows);
  moments[0] = static_cast<float>(rows);
#pragma unroll
  for (int k = 0; k < width; ++k) {
    float mean = 0, squares = 0;
#pragma unroll
    for (int r = 0; r < rows_at_once; ++r)
      if (r < rows) mean += static_cast<float>(in[r].element[k]);
    mean *= scale;
#pragma unroll
    for (int r = 0; r < rows_at_once; ++r)
      if (r < rows) {
        const float from_mean = static_cast<float>(in[r].element[k]) - mean;
        squares += from_mean * from_mean;
      }
    moments[1 + k] = mean;
    moments[1 + width + k] = squares;
  }
}

// mean and squares: (sample, channel, chunk)
template <int width, class T>
__global__ void __launch_bounds__(threads_per_block)
    chunk_moments_kernel(const T* x, ChannelWalk walk, float* mean, float* squares) {
  __shared__ float shared[(1 + 2 * width) * threads_per_block];
  const ChannelPlace place(walk);
  Moments<width> moments = {};
  if (place.inside)
    for (int64_t row = place.row; row < place.end; row += rows_at_once * place.step) {
      const int left = static_cast<int>(place.end - row), step = static_cast<int>(place.step);
      const int rows = (left + step - 1) / step;
      Moments<width> more;
      moments_of_rows<width>(x + row * walk.channels + place.channel, place.step * walk.channels,
                             min(rows, rows_at_once), more);
      combine_moments<width>(moments, more);
    }
  fold_columns(moments, shared, combine_moments<width>);
  if (!place.inside || threadIdx.y != 0) return;
  for (int k = 0; k < width; ++k) {
    const int64_t channel = place.sample * walk.channels + place.channel + k;
    mean[channel * walk.chunks + place.chunk] = moments[1 + k];
    squares[channel * walk.chunks + place.chunk] = moments[1 + width + k];
  }
}

// One warp per region; its chunks and channels lie together. The variance is that inside the parts plus that
// of their means.
__global__ void __launch_bounds__(threads_per_block)
    region_moments_kernel(ChannelWalk walk, int64_t regions, int64_t group_size, const float* part_mean,
                          const float* part_squares, float* mean, float* variance) {
  const int64_t region = (int64_t{blockIdx.x} * blockDim.x + threadIdx.x) / warp_size;
  if (region >= regions) return;
  const int lane = threadIdx.x % warp_size;
  const int parts = static_cast<int>(group_size) * walk.chunks;
  const int64_t first = region * parts;
  const double size = fmax(1.0, static_cast<double>(walk.rows * group_size));
  double sum = 0;
  for (int i = lane; i < parts; i += warp_size)
    sum += static_cast<double>(walk.rows_in(i % walk.chunks)) * static_cast<double>(part_mean[first + i]);
  const double region_mean = warp_reduce(sum) / size;
  double squares = 0;
  for (int i = lane; i < parts; i += warp_size) {
    const double distance = static_cast<double>(part_mean[first + i]) - region_mean;
    squares += static_cast<double>(part_squares[first + i]) +
               static_cast<double>(walk.rows_in(i % walk.chunks)) * distance * distance;
  }
  squares = warp_reduce(squares);
  if (lane != 0) return;
  mean[region] = static_cast<float>(region_mean);
  variance[region] = static_cast<float>(squares / size);
}

// y = (x - center) * factor + offset, not below floor, for `width` channels of a sample.
template <int width>
struct AffineLanes {
  float center[width], factor[width], offset[width];
};

struct Affine {
  RegionShape shape;
  int group_size;
  const float *mean, *variance, *weight, *bias;
  float eps;
  float floor;  // 0 with a ReLU

  template <class Args>
  explicit Affine(const Args& args)
      : shape(args.shape),
        group_size(static_cast<int>(args.shape.channels / args.shape.groups)),
        mean(args.mean),
        variance(args.variance),
        weight(args.weight),
        bias(args.bias),
        eps(static_cast<float>(args.eps)),
        floor(args.relu ? 0 : -std::numeric_limits<float>::infinity()) {}

  __device__ int64_t region(int64_t sample, int64_t channel) const {
    return sample * shape.groups + static_cast<int>(channel) / group_size;
  }
  __device__ float inverse_deviation(int64_t region) const { return 1 / sqrtf(variance[region] + eps); }
  __device__ float weight_of(int64_t channel) const { return weight ? weight[channel] : 1; }

  // out[k] = values[region of channel + k]
  template <int width>
  __device__ void of_regions(const float* values, int64_t sample, int64_t channel,
                             float (&out)[width]) const {
    if (group_size == 1) return load_elements(values + region(sample, channel), out);
#pragma unroll
    for (int k = 0; k < width; ++k) out[k] = values[region(sample, channel + k)];
  }

  template <int width>
  __device__ AffineLanes<width> lanes(int64_t sample, int64_t channel) const {
    AffineLanes<width> lanes;
    float weights[width];
    of_regions(mean, sample, channel, lanes.center);
    of_regions(variance, sample, channel, lanes.factor);
    if (weight) load_elements(weight + channel, weights);
    if (bias) load_elements(bias + channel, lanes.offset);
#pragma unroll
    for (int k = 0; k < width; ++k) {
      lanes.factor[k] = (weight ? weights[k] : 1) / sqrtf(lanes.factor[k] + eps);
      if (!bias) lanes.offset[k] = 0;
    }
    return lanes;
  }
};

template <int width, class T>
__global__ void __launch_bounds__(threads_per_block)
    normalize_kernel(const Affine affine, ChannelWalk walk, const T* x, T* y) {
  const ChannelPlace place(walk);
  if (!place.inside) return;
  const AffineLanes<width> lanes = affine.lanes<width>(place.sample, place.channel);
  const int rows = static_cast<int>(place.end - place.row), step = static_cast<int>(place.step);
#pragma unroll 2  // more would spill registers, and so would a division of 64 bits, to count the iterations
  for (int row = 0; row < rows; row += step) {
    const int64_t element = (place.row + row) * walk.channels + place.channel;
    const auto in = load_vector<width>(x + element);
    Vector<T, width> out;
#pragma unroll
    for (int k = 0; k < width; ++k) {
      const float value =
          (static_cast<float>(in.element[k]) - lanes.center[k]) * lanes.factor[k] + lanes.offset[k];
      out.element[k] = static_cast<T>(value < affine.floor ? affine.floor : value);
    }
    store_vector(y + element, out);
  }
}

// The gradient behind the ReLU, and x's distance from the mean.
template <class T>
__device__ __forceinline__ float gradient_at(const T& x, const T& dy, float center, float factor,
                                             float offset, float floor, float& distance) {
  distance = static_cast<float>(x) - center;
  return distance * factor + offset <= floor ? 0 : static_cast<float>(dy);
}

// Per sample and channel: sum of g, and sum of g * (x - mean).
template <class T>
struct GradientSums {
  static constexpr int sums = 2;
  Affine affine;
  const T *x, *dy;

  template <int width>
  __device__ AffineLanes<width> lanes(int64_t sample, int64_t channel) const {
    return affine.lanes<width>(sample, channel);
  }
  template <int width>
  __device__ void add(const AffineLanes<width>& lanes, int64_t element, float (&sum)[2 * width]) const {
    const auto in = load_vector<width>(x + element), gradient = load_vector<width>(dy + element);
#pragma unroll
    for (int k = 0; k < width; ++k) {
      float distance;
      const float g = gradient_at(in.element[k], gradient.element[k], lanes.center[k], lanes.factor[k],
                                  lanes.offset[k], affine.floor, distance);
      sum[k] += g;
      sum[width + k] += g * distance;
    }
  }
};

// sums: plain (samples, channels), then centered.
__global__ void __launch_bounds__(threads_per_block)
    parameter_gradients_kernel(const Affine affine, const double* sums, float* dweight, float* dbias) {
  const RegionShape& shape = affine.shape;
  const int64_t channel = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (channel >= shape.channels) return;
  const double* centered = sums + shape.samples * shape.channels;
  double weight = 0, bias = 0;
  for (int64_t sample = 0; sample < shape.samples; ++sample) {
    const int64_t i = sample * shape.channels + channel;
    weight += centered[i] * static_cast<double>(affine.inverse_deviation(affine.region(sample, channel)));
    bias += sums[i];
  }
  if (dweight) dweight[channel] = static_cast<float>(weight);
  if (dbias) dbias[channel] = static_cast<float>(bias);
}

// The share of dx that comes through a region's moments: (x - mean) * slope + shift.
__global__ void __launch_bounds__(threads_per_block)
    moment_gradients_kernel(const Affine affine, const double* sums, float* slope, float* shift) {
  const RegionShape& shape = affine.shape;
  const int64_t region = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (region >= shape.samples * shape.groups) return;
  const double* centered = sums + shape.samples * shape.channels;
  const int64_t first = region * affine.group_size;
  const int first_channel = static_cast<int>(region) % static_cast<int>(shape.groups) * affine.group_size;
  double of_plain = 0, of_centered = 0;
  for (int k = 0; k < affine.group_size; ++k) {
    const double weight = static_cast<double>(affine.weight_of(first_channel + k));
    of_plain += weight * sums[first + k];
    of_centered += weight * centered[first + k];
  }
  const double size = fmax(1.0, static_cast<double>(shape.rows * affine.group_size));
  const double inverse = static_cast<double>(affine.inverse_deviation(region));
  slope[region] = static_cast<float>(of_centered * inverse * inverse * inverse / size);
  shift[region] = static_cast<float>(of_plain * inverse / size);
}

// slope and shift per region, or null for constant moments.
template <int width, class T>
__global__ void __launch_bounds__(threads_per_block)
    normalize_backward_kernel(const Affine affine, ChannelWalk walk, const T* x, const T* dy,
                              const float* slope, const float* shift, T* dx) {
  const ChannelPlace place(walk);
  if (!place.inside) return;
  const AffineLanes<width> lanes = affine.lanes<width>(place.sample, place.channel);
  float slopes[width] = {}, shifts[width] = {};
  if (slope) {
    affine.of_regions(slope, place.sample, place.channel, slopes);
    affine.of_regions(shift, place.sample, place.channel, shifts);
  }
  for (int64_t row = place.row; row < place.end; row += place.step) {
    const int64_t element = row * walk.channels + place.channel;
    const auto in = load_vector<width>(x + element), gradient = load_vector<width>(dy + element);
    Vector<T, width> out;
#pragma unroll
    for (int k = 0; k < width; ++k) {
      float distance;
      const float g = gradient_at(in.element[k], gradient.element[k], lanes.center[k], lanes.factor[k],
                                  lanes.offset[k], affine.floor, distance);
      out.element[k] = static_cast<T>(g * lanes.factor[k] - (distance * slopes[k] + shifts[k]));
    }
    store_vector(dx + element, out);
  }
}

__global__ void __launch_bounds__(threads_per_block)
    update_running_moments_kernel(const UpdateRunningMomentsArgs<float> args, float momentum, float unbias) {
  const int64_t channel = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (channel >= args.channels) return;
  float& mean = args.running_mean[channel];
  float& variance = args.running_variance[channel];
  mean = (1 - momentum) * mean + momentum * args.mean[channel];
  variance = (1 - momentum) * variance + momentum * unbias * args.variance[channel];
}

unsigned blocks_of_threads(int64_t threads) {
  return static_cast<unsigned>((threads + threads_per_block - 1) / threads_per_block);
}

template <class T, class... P>
ChannelWalk walk_over(const RegionShape& shape, const P*... arrays) {
  return channel_walk<T>(shape.samples, shape.rows, shape.channels, arrays...);
}

}  // namespace

template <class T>
void region_moments(const RegionMomentsArgs<T>& args) {
  const RegionShape& shape = args.shape;
  if (shape.samples * shape.channels == 0) return;
  const ChannelWalk walk = walk_over<T>(shape, args.x);
  const int64_t parts = shape.samples * shape.channels * walk.chunks, regions = shape.samples * shape.groups;
  const DeviceScratch<float> means(std::max<int64_t>(1, parts)), squares(std::max<int64_t>(1, parts));
  if (parts > 0)
    with_width<T>(walk, [&](auto width) {
      launch("chunk_moments", chunk_moments_kernel<width, T>, walk.grid, walk.block)(
          args.x, walk, means.data(), squares.data());
    });
  launch("region_moments", region_moments_kernel, blocks_of_warps(regions), threads_per_block)(
      walk, regions, shape.channels / shape.groups, means.data(), squares.data(), args.mean, args.variance);
}

void update_running_moments(const UpdateRunningMomentsArgs<float>& args) {
  const double count = static_cast<double>(args.region_size);
  launch("update_running_moments", update_running_moments_kernel, blocks_of_threads(args.channels),
         threads_per_block)(args, static_cast<float>(args.momentum), static_cast<float>(count / (count - 1)));
}

template <class T>
void normalize(const NormalizeArgs<T>& args) {
  if (args.shape.samples * args.shape.rows * args.shape.channels == 0) return;
  const ChannelWalk walk = walk_over<T>(args.shape, args.x, args.y);
  with_width<T>(walk, [&](auto width) {
    launch("normalize", normalize_kernel<width, T>, walk.grid, walk.block)(Affine(args), walk, args.x,
                                                                           args.y);
  });
}

template <class T>
void normalize_backward(const NormalizeBackwardArgs<T>& args) {
  const RegionShape& shape = args.shape;
  if (shape.channels == 0) return;
  const Affine affine(args);
  const ChannelWalk walk = walk_over<T>(shape, args.x, args.dy, args.dx);
  const DeviceScratch<double> sums(std::max<int64_t>(1, 2 * shape.samples * shape.channels));
  const int64_t regions = shape.samples * shape.groups;
  const DeviceScratch<float> slope(std::max<int64_t>(1, regions)), shift(std::max<int64_t>(1, regions));
  const bool through_moments = args.dx && !args.constant_moments && regions > 0;
  if (args.dweight || args.dbias || through_moments)
    channel_sums<T>("normalize_backward_sums", GradientSums<T>{affine, args.x, args.dy}, walk, sums.data());
  if (args.dweight || args.dbias)
    launch("parameter_gradients", parameter_gradients_kernel, blocks_of_threads(shape.channels),
           threads_per_block)(affine, sums.data(), args.dweight, args.dbias);
  if (through_moments)
    launch("moment_gradients", moment_gradients_kernel, blocks_of_threads(regions), threads_per_block)(
        affine, sums.data(), slope.data(), shift.data());
  if (!args.dx || walk.grid.x == 0) return;
  with_width<T>(walk, [&](auto width) {
    launch("normalize_backward", normalize_backward_kernel<width, T>, walk.grid, walk.block)(
        affine, walk, args.x, args.dy, through_moments ? slope.data() : nullptr,
        through_moments ? shift.data() : nullptr, args.dx);
  });
}

template void region_moments(const RegionMomentsArgs<float>&);
template void region_moments(const RegionMomentsArgs<bfloat16>&);
template void region_moments(const RegionMomentsArgs<float16>&);
template void normalize(const NormalizeArgs<float>&);
template void normalize(const NormalizeArgs<bfloat16>&);
template void normalize(const NormalizeArgs<float16>&);
template void normalize_backward(const NormalizeBackwardArgs<float>&);
template void normalize_backward(const NormalizeBackwardArgs<bfloat16>&);
template void normalize_backward(const NormalizeBackwardArgs<float16>&);

}  // namespace masktwins::kernels::cuda
