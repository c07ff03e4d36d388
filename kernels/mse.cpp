#include "kernels/mse.h"

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {
namespace {

constexpr int64_t grain = 1 << 15;

}  // namespace

template <class T>
void mse(const MseArgs<T>& args) {
  const double sum = parallel_sum<double>(args.count, grain, [&](int64_t begin, int64_t end) {
    const T* a = args.a;
    const T* b = args.b;
    double partial = 0;
#pragma omp simd reduction(+ : partial)
    for (int64_t i = begin; i < end; ++i) {
      const double difference = static_cast<double>(a[i] - b[i]);
      partial += difference * difference;
    }
    return partial;
  });
  *args.loss = args.count > 0 ? static_cast<T>(sum / static_cast<double>(args.count)) : T{};
}

template <class T>
void mse_backward(const MseBackwardArgs<T>& args) {
  const T factor = 2 * args.sign * *args.dloss / static_cast<T>(args.count);
  parallel_for(args.count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) args.gradient[i] = factor * (args.a[i] - args.b[i]);
  });
}

template void mse(const MseArgs<float>&);
template void mse(const MseArgs<double>&);
template void mse_backward(const MseBackwardArgs<float>&);
template void mse_backward(const MseBackwardArgs<double>&);

}  // namespace masktwins::kernels::cpu
