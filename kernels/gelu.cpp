#include "kernels/gelu.h"

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {
namespace {
constexpr int64_t grain = 1 << 14;
}

template <class T>
void gelu(const GeluArgs<T>& args) {
  parallel_for(args.count, grain, [&](int64_t begin, int64_t end) {
    const T* x = args.x;
    T* y = args.y;
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) y[i] = x[i] * standard_normal(x[i]).distribution;
  });
}

template <class T>
void gelu_backward(const GeluBackwardArgs<T>& args) {
  parallel_for(args.count, grain, [&](int64_t begin, int64_t end) {
    const T* x = args.x;
    const T* dy = args.dy;
    T* dx = args.dx;
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) {
      const StandardNormal<T> normal = standard_normal(x[i]);
      dx[i] = dy[i] * (normal.distribution + x[i] * normal.density);
    }
  });
}

template void gelu(const GeluArgs<float>&);
template void gelu(const GeluArgs<double>&);
template void gelu_backward(const GeluBackwardArgs<float>&);
template void gelu_backward(const GeluBackwardArgs<double>&);

}  // namespace masktwins::kernels::cpu
