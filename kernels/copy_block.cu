#include "kernels/common/launch.cuh"
#include "kernels/common/pack.cuh"
#include "kernels/copy_block.h"

namespace masktwins::kernels::cuda {
namespace {

// Lengths and distances in words.
template <class W>
__global__ void __launch_bounds__(threads_per_block)
    copy_block_kernel(const W* x, W* y, int64_t count, int64_t inner, int64_t length, int64_t x_outer,
                      int64_t x_inner, int64_t y_outer, int64_t y_inner) {
  for (int64_t item = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; item < count;
       item += int64_t{gridDim.x} * blockDim.x) {
    const int64_t run = item / length, k = item - run * length;
    const int64_t i = run / inner, j = run - i * inner;
    y[i * y_outer + j * y_inner + k] = x[i * x_outer + j * x_inner + k];
  }
}

// Copies in words of `size` bytes if every run begins and ends at a multiple of it, else in smaller ones.
template <int size>
void copy_words(const CopyBlockArgs& args) {
  const int64_t distances[] = {reinterpret_cast<intptr_t>(args.x),
                               reinterpret_cast<intptr_t>(args.y),
                               args.length,
                               args.x_outer,
                               args.x_inner,
                               args.y_outer,
                               args.y_inner};
  int64_t bits = 0;
  for (const int64_t distance : distances) bits |= distance;
  if constexpr (size > 1)
    if (bits % size != 0) return copy_words<size / 2>(args);
  const int64_t count = args.outer * args.inner * args.length / size;
  launch("copy_block", copy_block_kernel<Word<size>>, blocks_for(count, threads_per_block),
         threads_per_block)(static_cast<const Word<size>*>(args.x), static_cast<Word<size>*>(args.y), count,
                            args.inner, args.length / size, args.x_outer / size, args.x_inner / size,
                            args.y_outer / size, args.y_inner / size);
}

}  // namespace

void copy_block(const CopyBlockArgs& args) {
  if (args.outer * args.inner * args.length > 0) copy_words<16>(args);
}

}  // namespace masktwins::kernels::cuda
