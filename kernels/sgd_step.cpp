#include "kernels/sgd_step.h"

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {

template <class T>
void sgd_step(const SgdStepArgs<T>& args) {
  if (args.control && args.control[1] != 0) return;
  const T factor = args.control ? args.control[0] : 1;
  const T lr = static_cast<T>(args.options.lr), momentum = static_cast<T>(args.options.momentum);
  const T decay = static_cast<T>(args.options.weight_decay);
  parallel_for(args.count, 1 << 15, [&](int64_t begin, int64_t end) {
    T* __restrict p = args.parameter;
    T* __restrict m = args.momentum;
    for (int64_t i = begin; i < end; ++i)
      sgd_element(lr, momentum, decay, factor * args.gradient[i], p[i], m[i]);
  });
}

template void sgd_step(const SgdStepArgs<float>&);
template void sgd_step(const SgdStepArgs<double>&);

}  // namespace masktwins::kernels::cpu
