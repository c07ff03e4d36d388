#include "kernels/common/pack.cuh"
#include "kernels/common/reduce.cuh"
#include "kernels/squared_norm.h"

namespace masktwins::kernels::cuda {
namespace {

// The sum of squares of one pack, or of one element of the rest behind the packs.
struct Squares {
  const float* x;
  int64_t packs;

  __device__ float operator()(int64_t i) const {
    if (i >= packs) {
      const float rest = x[packs * pack_size<float> + i - packs];
      return rest * rest;
    }
    const Pack<float> pack = load_pack(x + i * pack_size<float>);
    float sum = 0;
#pragma unroll
    for (const float value : pack.element) sum += value * value;
    return sum;
  }
};

}  // namespace

void squared_norm(const SquaredNormArgs<float>& args) {
  const int64_t packs = pack_aligned(args.x) ? args.count / pack_size<float> : 0;
  const int64_t rest = args.count - packs * pack_size<float>;
  reduce_sum("squared_norm", Squares{args.x, packs}, packs + rest, 1, args.result);
}

}  // namespace masktwins::kernels::cuda
