#include "kernels/common/launch.cuh"
#include "kernels/common/pack.cuh"
#include "kernels/fill.h"

namespace masktwins::kernels::cuda {
namespace {

template <class T>
__global__ void __launch_bounds__(threads_per_block)
    fill_kernel(T value, T* y, int64_t packs, int64_t count) {
  const int64_t thread = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const int64_t threads = int64_t{gridDim.x} * blockDim.x;
  Pack<T> pack;
#pragma unroll
  for (T& element : pack.element) element = value;
  for (int64_t i = thread; i < packs; i += threads) store_pack(y + i * pack_size<T>, pack);
  for (int64_t i = packs * pack_size<T> + thread; i < count; i += threads) y[i] = value;
}

}  // namespace

template <class T>
void fill(const FillArgs<T>& args) {
  if (args.count == 0) return;
  const int64_t packs = pack_aligned(args.y) ? args.count / pack_size<T> : 0;
  launch("fill", fill_kernel<T>, blocks_for(packs > 0 ? packs : args.count, threads_per_block),
         threads_per_block)(args.value, args.y, packs, args.count);
}

template void fill(const FillArgs<float>&);
template void fill(const FillArgs<double>&);
template void fill(const FillArgs<bfloat16>&);
template void fill(const FillArgs<float16>&);
template void fill(const FillArgs<int32_t>&);
template void fill(const FillArgs<int64_t>&);
template void fill(const FillArgs<uint8_t>&);

}  // namespace masktwins::kernels::cuda
