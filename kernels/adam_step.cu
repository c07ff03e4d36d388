#include "kernels/adam_step.h"
#include "kernels/common/launch.cuh"
#include "kernels/common/pack.cuh"

namespace masktwins::kernels::cuda {
namespace {

using Values = Pack<float>;

__global__ void __launch_bounds__(threads_per_block)
    adam_step_kernel(AdamCoefficients<float> coefficients, int64_t packs, int64_t count, const float* control,
                     const float* gradient, float* parameter, float* first_moment, float* second_moment) {
  if (control[1] != 0) return;
  const float factor = control[0];
  coefficients.correct(control);
  const int64_t thread = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const int64_t threads = int64_t{gridDim.x} * blockDim.x;
  for (int64_t i = thread; i < packs; i += threads) {
    const int64_t first = i * pack_size<float>;
    const Values g = load_pack(gradient + first);
    Values p = load_pack(parameter + first), m = load_pack(first_moment + first),
           v = load_pack(second_moment + first);
#pragma unroll
    for (int k = 0; k < pack_size<float>; ++k)
      adam_element(coefficients, factor * g.element[k], p.element[k], m.element[k], v.element[k]);
    store_pack(parameter + first, p);
    store_pack(first_moment + first, m);
    store_pack(second_moment + first, v);
  }
  for (int64_t i = packs * pack_size<float> + thread; i < count; i += threads)
    adam_element(coefficients, factor * gradient[i], parameter[i], first_moment[i], second_moment[i]);
}

}  // namespace

void adam_step(const AdamStepArgs<float>& args) {
  if (args.count == 0) return;
  const bool aligned = pack_aligned(args.gradient, args.parameter, args.first_moment, args.second_moment);
  const int64_t packs = aligned ? args.count / pack_size<float> : 0;
  launch("adam_step", adam_step_kernel, blocks_for(packs > 0 ? packs : args.count, threads_per_block),
         threads_per_block)(AdamCoefficients<float>(args.options), packs, args.count, args.control,
                            args.gradient, args.parameter, args.first_moment, args.second_moment);
}

}  // namespace masktwins::kernels::cuda
