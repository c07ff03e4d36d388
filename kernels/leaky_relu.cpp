#include "kernels/leaky_relu.h"

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {
namespace {
constexpr int64_t grain = 1 << 15;
}

template <class T>
void leaky_relu(const LeakyReluArgs<T>& args) {
  const T slope = static_cast<T>(args.slope);
  parallel_for(args.count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) args.y[i] = args.x[i] > T{0} ? args.x[i] : slope * args.x[i];
  });
}

template <class T>
void leaky_relu_backward(const LeakyReluBackwardArgs<T>& args) {
  const T slope = static_cast<T>(args.slope);
  parallel_for(args.count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) args.dx[i] = args.y[i] > T{0} ? args.dy[i] : slope * args.dy[i];
  });
}

template void leaky_relu(const LeakyReluArgs<float>&);
template void leaky_relu(const LeakyReluArgs<double>&);
template void leaky_relu_backward(const LeakyReluBackwardArgs<float>&);
template void leaky_relu_backward(const LeakyReluBackwardArgs<double>&);

}  // namespace masktwins::kernels::cpu
