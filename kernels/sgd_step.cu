#include "kernels/common/launch.cuh"
#include "kernels/common/pack.cuh"
#include "kernels/sgd_step.h"

namespace masktwins::kernels::cuda {
namespace {

using Values = Pack<float>;

__global__ void __launch_bounds__(threads_per_block)
    sgd_step_kernel(float lr, float momentum, float weight_decay, int64_t packs, int64_t count,
                    const float* control, const float* gradient, float* parameter, float* velocity) {
  if (control && control[1] != 0) return;
  const float factor = control ? control[0] : 1;
  const int64_t thread = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const int64_t threads = int64_t{gridDim.x} * blockDim.x;
  for (int64_t i = thread; i < packs; i += threads) {
    const int64_t first = i * pack_size<float>;
    const Values g = load_pack(gradient + first);
    Values p = load_pack(parameter + first), m = load_pack(velocity + first);
#pragma unroll
    for (int k = 0; k < pack_size<float>; ++k)
      sgd_element(lr, momentum, weight_decay, factor * g.element[k], p.element[k], m.element[k]);
    store_pack(parameter + first, p);
    store_pack(velocity + first, m);
  }
  for (int64_t i = packs * pack_size<float> + thread; i < count; i += threads)
    sgd_element(lr, momentum, weight_decay, factor * gradient[i], parameter[i], velocity[i]);
}

}  // namespace

void sgd_step(const SgdStepArgs<float>& args) {
  if (args.count == 0) return;
  const bool aligned = pack_aligned(args.gradient, args.parameter, args.momentum);
  const int64_t packs = aligned ? args.count / pack_size<float> : 0;
  const SgdOptions& options = args.options;
  launch("sgd_step", sgd_step_kernel, blocks_for(packs > 0 ? packs : args.count, threads_per_block),
         threads_per_block)(static_cast<float>(options.lr), static_cast<float>(options.momentum),
                            static_cast<float>(options.weight_decay), packs, args.count, args.control,
                            args.gradient, args.parameter, args.momentum);
}

}  // namespace masktwins::kernels::cuda
