#include "kernels/leaky_relu.h"

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {
namespace {

constexpr int64_t grain = 1 << 15;

// Both values exist before the choice, so that it is a selection within a vector and not a branch.
template <class T>
T leaky(T sign, T value, T slope) {
  const T less = slope * value;
  return sign > T{0} ? value : less;
}

}  // namespace

template <class T>
void leaky_relu(const LeakyReluArgs<T>& args) {
  const T slope = static_cast<T>(args.slope);
  parallel_for(args.count, grain, [&args, slope](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) args.y[i] = leaky(args.x[i], args.x[i], slope);
  });
}

template <class T>
void leaky_relu_backward(const LeakyReluBackwardArgs<T>& args) {
  const T slope = static_cast<T>(args.slope);
  parallel_for(args.count, grain, [&args, slope](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) args.dx[i] = leaky(args.y[i], args.dy[i], slope);
  });
}

template void leaky_relu(const LeakyReluArgs<float>&);
template void leaky_relu(const LeakyReluArgs<double>&);
template void leaky_relu_backward(const LeakyReluBackwardArgs<float>&);
template void leaky_relu_backward(const LeakyReluBackwardArgs<double>&);

}  // namespace masktwins::kernels::cpu
