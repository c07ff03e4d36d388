#include "kernels/adam_step.h"

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {

template <class T>
void adam_step(const AdamStepArgs<T>& args) {
  if (args.control[1] != 0) return;
  const T factor = args.control[0];
  AdamCoefficients<T> coefficients(args.options);
  coefficients.correct(args.control);
  parallel_for(args.count, 1 << 15, [&](int64_t begin, int64_t end) {
    T* __restrict p = args.parameter;
    T* __restrict m = args.first_moment;
    T* __restrict v = args.second_moment;
    for (int64_t i = begin; i < end; ++i)
      adam_element(coefficients, factor * args.gradient[i], p[i], m[i], v[i]);
  });
}

template void adam_step(const AdamStepArgs<float>&);
template void adam_step(const AdamStepArgs<double>&);

}  // namespace masktwins::kernels::cpu
