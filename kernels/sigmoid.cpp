#include "kernels/sigmoid.h"

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {
namespace {
constexpr int64_t grain = 1 << 14;
}

template <class T>
void sigmoid(const SigmoidArgs<T>& args) {
  parallel_for(args.count, grain, [&](int64_t begin, int64_t end) {
    const T* x = args.x;
    T* y = args.y;
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) y[i] = logistic(x[i]);
  });
}

template <class T>
void sigmoid_backward(const SigmoidBackwardArgs<T>& args) {
  parallel_for(args.count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) args.dx[i] = args.dy[i] * args.y[i] * (T{1} - args.y[i]);
  });
}

template void sigmoid(const SigmoidArgs<float>&);
template void sigmoid(const SigmoidArgs<double>&);
template void sigmoid_backward(const SigmoidBackwardArgs<float>&);
template void sigmoid_backward(const SigmoidBackwardArgs<double>&);

}  // namespace masktwins::kernels::cpu
