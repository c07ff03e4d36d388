#include "kernels/common/pixels.cuh"
#include "kernels/l2_distance.h"

namespace masktwins::kernels::cuda {
namespace {

__device__ float weight_at(const float* weight, int64_t i) { return weight == nullptr ? 1.0f : weight[i]; }

struct WeightAt {
  const float* weight;
  __device__ double operator()(int64_t i) const { return static_cast<double>(weight[i]); }
};

// What the gradient of one pixel is multiplied by, beside a - b.
struct Slope {
  const float *weight, *dloss, *total_weight;  // total_weight: null for `pixels`
  float sign, pixels;

  __device__ float operator()(int64_t i, float length) const {
    const float total = total_weight == nullptr ? pixels : *total_weight;
    return total > 0 && length > 0 ? sign * *dloss / total * weight_at(weight, i) / length : 0.0f;
  }
};

// Few channels, as logits have: a thread has a pixel (kernels/common/pixels.cuh).
template <class T>
__device__ float distance(const PixelRow<T>& a, const PixelRow<T>& b) {
  float sum = 0;
  a.for_each([&](int c) {
    const float difference = a.value(c) - b.value(c);
    sum += difference * difference;
  });
  return sqrtf(sum);
}

struct WeightedDistance {
  const float* weight;
  template <class T>
  __device__ float operator()(int64_t i, const PixelRow<T>& a, const PixelRow<T>& b) const {
    return weight_at(weight, i) * distance(a, b);
  }
};

struct DistanceBackward {
  Slope slope;
  template <class T>
  __device__ void operator()(int64_t i, const PixelRow<T>& a, const PixelRow<T>& b) const {
    const float factor = slope(i, distance(a, b));
    a.for_each([&](int c) { a.set(c, factor * (a.value(c) - b.value(c))); });
  }
};

// Many channels, as features have: a warp shares those of a pixel, and its lanes read neighbouring elements.
constexpr int64_t many_channels = warp_size;

template <class T>
__device__ float distance(const T* a, const T* b, int64_t channels) {
  float sum = 0;
  for (int64_t c = threadIdx.x % warp_size; c < channels; c += warp_size) {
    const float difference = static_cast<float>(a[c]) - static_cast<float>(b[c]);
    sum += difference * difference;
  }
  return sqrtf(warp_reduce(sum));
}

// Calls body(pixel, its first element) for the pixels of a warp.
template <class Body>
__device__ void for_each_pixel_of_warp(int64_t pixels, int64_t channels, Body&& body) {
  for (int64_t i = (int64_t{blockIdx.x} * blockDim.x + threadIdx.x) / warp_size; i < pixels;
       i += int64_t{gridDim.x} * blockDim.x / warp_size)
    body(i, i * channels);
}

// partial[block] = sum of w * distance over the block's pixels.
template <class T>
__global__ void __launch_bounds__(threads_per_block)
    partial_distance_kernel(L2DistanceArgs<T> args, double* partial) {
  __shared__ double shared[threads_per_block / warp_size];
  double sum = 0;
  for_each_pixel_of_warp(args.pixels, args.channels, [&](int64_t i, int64_t first) {
    const float length = distance(args.a + first, args.b + first, args.channels);
    if (threadIdx.x % warp_size == 0) sum += static_cast<double>(weight_at(args.weight, i) * length);
  });
  sum = block_reduce(sum, shared);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

template <class T>
__global__ void __launch_bounds__(threads_per_block)
    distance_backward_kernel(L2DistanceBackwardArgs<T> args, Slope slope) {
  for_each_pixel_of_warp(args.pixels, args.channels, [&](int64_t i, int64_t first) {
    const T *a = args.a + first, *b = args.b + first;
    const float factor = slope(i, distance(a, b, args.channels));
    for (int64_t c = threadIdx.x % warp_size; c < args.channels; c += warp_size)
      args.gradient[first + c] =
          static_cast<T>(factor * (static_cast<float>(a[c]) - static_cast<float>(b[c])));
  });
}

unsigned blocks_of_pixels(int64_t pixels) { return blocks_for(pixels, threads_per_block / warp_size); }

// *out = factor * sum over pixels of w * distance
template <class T, class Out>
void sum_distances(const L2DistanceArgs<T>& args, double factor, Out* out) {
  if (args.channels < many_channels)
    return sum_pixels("l2_distance", WeightedDistance{args.weight}, args.pixels, args.channels, factor, out,
                      args.a, args.b);
  const unsigned blocks = blocks_of_pixels(args.pixels);
  const DeviceScratch<double> partial(blocks);
  launch("l2_distance", partial_distance_kernel<T>, blocks, threads_per_block)(args, partial.data());
  finish_sum("l2_distance", partial.data(), blocks, factor, out);
}

__global__ void quotient_kernel(const double* sum, const double* total, float* loss) {
  *loss = *total > 0 ? static_cast<float>(*sum / *total) : 0.0f;
}

}  // namespace

template <class T>
void l2_distance(const L2DistanceArgs<T>& args) {
  if (args.weight == nullptr) return sum_distances(args, mean_factor(args.pixels), args.loss);
  const DeviceScratch<double> sum(1), total(1);
  sum_distances(args, 1, sum.data());
  reduce_sum("l2_distance", WeightAt{args.weight}, args.pixels, 1, total.data());
  launch("l2_distance", quotient_kernel, 1, 1)(sum.data(), total.data(), args.loss);
}

template <class T>
void l2_distance_backward(const L2DistanceBackwardArgs<T>& args) {
  if (args.pixels * args.channels == 0) return;
  const DeviceScratch<float> total(1);
  if (args.weight != nullptr) reduce_sum("l2_distance", WeightAt{args.weight}, args.pixels, 1, total.data());
  const Slope slope{args.weight, args.dloss, args.weight == nullptr ? nullptr : total.data(), args.sign,
                    static_cast<float>(args.pixels)};
  if (args.channels < many_channels)
    return for_each_pixel("l2_distance_backward", DistanceBackward{slope}, args.pixels, args.channels,
                          args.gradient, args.a, args.b);
  launch("l2_distance_backward", distance_backward_kernel<T>, blocks_of_pixels(args.pixels),
         threads_per_block)(args, slope);
}

template void l2_distance(const L2DistanceArgs<float>&);
template void l2_distance(const L2DistanceArgs<bfloat16>&);
template void l2_distance(const L2DistanceArgs<float16>&);
template void l2_distance_backward(const L2DistanceBackwardArgs<float>&);
template void l2_distance_backward(const L2DistanceBackwardArgs<bfloat16>&);
template void l2_distance_backward(const L2DistanceBackwardArgs<float16>&);

}  // namespace masktwins::kernels::cuda
