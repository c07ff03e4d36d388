// y[i] = f(x0[i], x1[i], ...) over plain arrays: f takes and gives the wide type (float for 16-bit elements).
// Packs of 16 bytes where all addresses allow it, single elements for the rest. sum_elements()
// adds the results up instead of writing them.
#pragma once

#include "kernels/common/launch.cuh"
#include "kernels/common/pack.cuh"
#include "kernels/common/reduce.cuh"

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

// partial[block] = sum of f(x0[i], x1[i], ...): those of a pack are added in float, packs in double
// precision.
template <class F, class... In>
__global__ void __launch_bounds__(threads_per_block)
    sum_elements_kernel(F f, int64_t packs, int64_t count, double* partial, const In*... x) {
  __shared__ double shared[threads_per_block / warp_size];
  constexpr int size = pack_size<std::common_type_t<In...>>;
  const int64_t thread = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const int64_t threads = int64_t{gridDim.x} * blockDim.x;
  double sum = 0;
#pragma unroll 2  // more would spill registers on Blackwell
  for (int64_t i = thread; i < packs; i += threads)
    sum += static_cast<double>([&](const auto&... in) {
      float part = 0;
#pragma unroll
      for (int k = 0; k < size; ++k) part += f(static_cast<float>(in.element[k])...);
      return part;
    }(load_pack(x + i * size)...));
  for (int64_t i = packs * size + thread; i < count; i += threads)
    sum += static_cast<double>(f(static_cast<float>(x[i])...));
  sum = block_reduce(sum, shared);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

// *out = factor * sum over i < count of f(x0[i], x1[i], ...)
template <class F, class Out, class... In>
void sum_elements(const char* name, F f, int64_t count, double factor, Out* out, const In*... x) {
  using T = std::common_type_t<In...>;
  const int64_t packs = pack_aligned(x...) ? count / pack_size<T> : 0;
  const unsigned blocks = blocks_for(packs > 0 ? packs : count, 4 * threads_per_block);
  const DeviceScratch<double> partial(blocks);
  launch(name, sum_elements_kernel<F, In...>, blocks, threads_per_block)(f, packs, count, partial.data(),
                                                                         x...);
  finish_sum(name, partial.data(), blocks, factor, out);
}

}  // namespace masktwins::kernels::cuda
