#include "kernels/common/reduce.cuh"
#include "kernels/l2_distance.h"

namespace masktwins::kernels::cuda {
namespace {

// A warp shares the channels of one pixel: its lanes read neighbouring elements. With fewer than 32 channels
// (logits) every lane has a pixel of its own, and neighbouring lanes read neighbouring pixels.
template <class T, int lanes>
__device__ float distance(const T* a, const T* b, int64_t channels, int lane) {
  float sum = 0;
  for (int64_t c = lane; c < channels; c += lanes) {
    const float difference = static_cast<float>(a[c]) - static_cast<float>(b[c]);
    sum += difference * difference;
  }
  if constexpr (lanes == warp_size) sum = warp_reduce(sum);
  return sqrtf(sum);
}

__device__ float weight_at(const float* weight, int64_t i) { return weight == nullptr ? 1.0f : weight[i]; }

// partial[2 · block] = sum of w · distance, partial[2 · block + 1] = sum of w, over the block's pixels.
template <class T, int lanes>
__global__ void __launch_bounds__(threads_per_block)
    partial_distance_kernel(L2DistanceArgs<T> args, double* partial) {
  __shared__ double shared[threads_per_block / warp_size];
  const int lane = threadIdx.x % lanes;
  double sum = 0, total = 0;
  for (int64_t i = (int64_t{blockIdx.x} * blockDim.x + threadIdx.x) / lanes; i < args.pixels;
       i += int64_t{gridDim.x} * blockDim.x / lanes) {
    const int64_t first = i * args.channels;
    const float length = distance<T, lanes>(args.a + first, args.b + first, args.channels, lane);
    if (lane == 0) {
      const float weight = weight_at(args.weight, i);
      sum += weight * length;
      total += weight;
    }
  }
  sum = block_reduce(sum, shared);
  total = block_reduce(total, shared);
  if (threadIdx.x == 0) {
    partial[2 * blockIdx.x] = sum;
    partial[2 * blockIdx.x + 1] = total;
  }
}

__global__ void __launch_bounds__(threads_per_block)
    finish_distance_kernel(const double* partial, int blocks, float* loss) {
  __shared__ double shared[threads_per_block / warp_size];
  double sum = 0, total = 0;
  for (int i = threadIdx.x; i < blocks; i += blockDim.x) {
    sum += partial[2 * i];
    total += partial[2 * i + 1];
  }
  sum = block_reduce(sum, shared);
  total = block_reduce(total, shared);
  if (threadIdx.x == 0) *loss = total > 0 ? static_cast<float>(sum / total) : 0.0f;
}

struct WeightAt {
  const float* weight;
  __device__ double operator()(int64_t i) const { return weight[i]; }
};

template <class T, int lanes>
__global__ void __launch_bounds__(threads_per_block)
    distance_backward_kernel(L2DistanceBackwardArgs<T> args, const float* total_weight) {
  const int lane = threadIdx.x % lanes;
  const float total = total_weight == nullptr ? static_cast<float>(args.pixels) : *total_weight;
  const float factor = total > 0 ? args.sign * *args.dloss / total : 0.0f;
  for (int64_t i = (int64_t{blockIdx.x} * blockDim.x + threadIdx.x) / lanes; i < args.pixels;
       i += int64_t{gridDim.x} * blockDim.x / lanes) {
    const T* a = args.a + i * args.channels;
    const T* b = args.b + i * args.channels;
    const float length = distance<T, lanes>(a, b, args.channels, lane);
    const float slope = length > 0 ? factor * weight_at(args.weight, i) / length : 0.0f;
    for (int64_t c = lane; c < args.channels; c += lanes)
      args.gradient[i * args.channels + c] =
          static_cast<T>(slope * (static_cast<float>(a[c]) - static_cast<float>(b[c])));
  }
}

bool warp_per_pixel(int64_t channels) { return channels >= warp_size; }

unsigned blocks_of(int64_t pixels, int64_t channels) {
  return blocks_for(pixels, warp_per_pixel(channels) ? threads_per_block / warp_size : threads_per_block);
}

}  // namespace

template <class T>
void l2_distance(const L2DistanceArgs<T>& args) {
  const unsigned blocks = blocks_of(args.pixels, args.channels);
  const DeviceScratch<double> partial(2 * int64_t{blocks});
  const auto kernel =
      warp_per_pixel(args.channels) ? partial_distance_kernel<T, warp_size> : partial_distance_kernel<T, 1>;
  launch("l2_distance", kernel, blocks, threads_per_block)(args, partial.data());
  launch("l2_distance", finish_distance_kernel, 1, threads_per_block)(partial.data(),
                                                                      static_cast<int>(blocks), args.loss);
}

template <class T>
void l2_distance_backward(const L2DistanceBackwardArgs<T>& args) {
  if (args.pixels * args.channels == 0) return;
  const DeviceScratch<float> total(1);
  if (args.weight != nullptr) reduce_sum("l2_distance", WeightAt{args.weight}, args.pixels, 1, total.data());
  const auto kernel =
      warp_per_pixel(args.channels) ? distance_backward_kernel<T, warp_size> : distance_backward_kernel<T, 1>;
  launch("l2_distance_backward", kernel, blocks_of(args.pixels, args.channels), threads_per_block)(
      args, args.weight == nullptr ? nullptr : total.data());
}

template void l2_distance(const L2DistanceArgs<float>&);
template void l2_distance(const L2DistanceArgs<bfloat16>&);
template void l2_distance(const L2DistanceArgs<float16>&);
template void l2_distance_backward(const L2DistanceBackwardArgs<float>&);
template void l2_distance_backward(const L2DistanceBackwardArgs<bfloat16>&);
template void l2_distance_backward(const L2DistanceBackwardArgs<float16>&);

}  // namespace masktwins::kernels::cuda
