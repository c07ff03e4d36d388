#include "kernels/relu.h"

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {
namespace {
constexpr int64_t grain = 1 << 15;
}

template <class T>
void relu(const ReluArgs<T>& args) {
  parallel_for(args.count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) args.y[i] = args.x[i] < T{0} ? T{0} : args.x[i];
  });
}

template <class T>
void relu_backward(const ReluBackwardArgs<T>& args) {
  parallel_for(args.count, grain, [&](int64_t begin, int64_t end) {
    // The gradient is read always: read under a condition, it would make a branch of every number.
    for (int64_t i = begin; i < end; ++i) {
      const T dy = args.dy[i];
      args.dx[i] = args.y[i] > T{0} ? dy : T{0};
    }
  });
}

template void relu(const ReluArgs<float>&);
template void relu(const ReluArgs<double>&);
template void relu_backward(const ReluBackwardArgs<float>&);
template void relu_backward(const ReluBackwardArgs<double>&);

}  // namespace masktwins::kernels::cpu
