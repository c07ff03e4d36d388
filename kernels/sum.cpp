#include "kernels/sum.h"

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {
namespace {
constexpr int64_t grain = 1 << 15;
}

template <class T>
void sum(const SumArgs<T>& args) {
  const double total = parallel_sum<double>(args.count, grain, [&](int64_t begin, int64_t end) {
    const T* x = args.x;
    double chunk = 0;
#pragma omp simd reduction(+ : chunk)
    for (int64_t i = begin; i < end; ++i) chunk += static_cast<double>(x[i]);
    return chunk;
  });
  *args.y = static_cast<T>(args.factor * total);
}

template <class T>
void sum_backward(const SumBackwardArgs<T>& args) {
  const T value = static_cast<T>(args.factor * static_cast<double>(*args.dy));
  parallel_for(args.count, grain,
               [&](int64_t begin, int64_t end) { std::fill(args.dx + begin, args.dx + end, value); });
}

template void sum(const SumArgs<float>&);
template void sum(const SumArgs<double>&);
template void sum_backward(const SumBackwardArgs<float>&);
template void sum_backward(const SumBackwardArgs<double>&);

}  // namespace masktwins::kernels::cpu
