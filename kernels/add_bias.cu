#include "kernels/add_bias.h"
#include "kernels/common/fast_divisor.h"
#include "kernels/common/launch.cuh"
#include "kernels/common/pack.cuh"

namespace masktwins::kernels::cuda {
namespace {

template <class T>
__device__ T sum(T y, T bias) {
  return static_cast<T>(static_cast<Wide<T>>(y) + static_cast<Wide<T>>(bias));
}

// Packs of y where its address allows it; a pack may begin anywhere in a row, so bias is read one by one
// (from the cache).
template <class T>
__global__ void __launch_bounds__(threads_per_block)
    add_bias_kernel(T* y, const T* bias, unsigned packs, unsigned count, int channels,
                    FastDivisor by_channels) {
  const unsigned thread = blockIdx.x * blockDim.x + threadIdx.x, threads = gridDim.x * blockDim.x;
  const auto channel_of = [&](unsigned i) {
    const int element = static_cast<int>(i);
    return by_channels.remainder(element, by_channels.quotient(element));
  };
  for (unsigned i = thread; i < packs; i += threads) {
    const unsigned first = i * pack_size<T>;
    Pack<T> pack = load_pack(y + first);
    int channel = channel_of(first);
#pragma unroll
    for (int k = 0; k < pack_size<T>; ++k) {
      pack.element[k] = sum(pack.element[k], bias[channel]);
      if (++channel == channels) channel = 0;
    }
    store_pack(y + first, pack);
  }
  for (unsigned i = packs * pack_size<T> + thread; i < count; i += threads)
    y[i] = sum(y[i], bias[channel_of(i)]);
}

}  // namespace

template <class T>
void add_bias(const AddBiasArgs<T>& args) {
  const auto count = static_cast<unsigned>(args.rows * args.channels);
  const int channels = static_cast<int>(args.channels);
  const unsigned packs = pack_aligned(args.y) ? count / pack_size<T> : 0;
  launch("add_bias", add_bias_kernel<T>, blocks_for(packs > 0 ? packs : count, threads_per_block),
         threads_per_block)(args.y, args.bias, packs, count, channels, FastDivisor(channels));
}

template void add_bias(const AddBiasArgs<float>&);
template void add_bias(const AddBiasArgs<bfloat16>&);
template void add_bias(const AddBiasArgs<float16>&);

}  // namespace masktwins::kernels::cuda
