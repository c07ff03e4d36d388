// y[i] = f(x0[i], x1[i], ...) over plain arrays: f takes and gives the wide type (float for 16-bit elements).
// Packs of 16 bytes where all addresses allow it, single elements for the rest.
#pragma once

#include "kernels/common/launch.cuh"
#include "kernels/common/pack.cuh"

namespace masktwins::kernels::cuda {

template <class T, class F, class... In>
__global__ void __launch_bounds__(threads_per_block)
    elementwise_kernel(F f, int64_t packs, int64_t count, T* y, const In*... x) {
  const int64_t thread = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const int64_t threads = int64_t{gridDim.x} * blockDim.x;
  for (int64_t i = thread; i < packs; i += threads) {
    const int64_t first = i * pack_size<T>;
    Pack<T> out;
    [&](const auto&... in) {
#pragma unroll
      for (int k = 0; k < pack_size<T>; ++k)
        out.element[k] = static_cast<T>(f(static_cast<Wide<In>>(in.element[k])...));
    }(load_pack(x + first)...);
    store_pack(y + first, out);
  }
  for (int64_t i = packs * pack_size<T> + thread; i < count; i += threads)
    y[i] = static_cast<T>(f(static_cast<Wide<In>>(x[i])...));
}

template <class T, class F, class... In>
void elementwise(const char* name, F f, int64_t count, T* y, const In*... x) {
  static_assert((std::is_same_v<T, In> && ...), "packs of all arrays hold the same number of elements");
  if (count == 0) return;
  const int64_t packs = pack_aligned(y, x...) ? count / pack_size<T> : 0;
  const int64_t items = packs > 0 ? packs : count;
  launch(name, elementwise_kernel<T, F, In...>, blocks_for(items, threads_per_block), threads_per_block)(
      f, packs, count, y, x...);
}

}  // namespace masktwins::kernels::cuda
