#include "kernels/common/elementwise.cuh"
#include "kernels/mse.h"

namespace masktwins::kernels::cuda {
namespace {

struct SquaredDifference {
  __device__ float operator()(float a, float b) const { return (a - b) * (a - b); }
};

struct ScaledDifference {
  const float* dloss;
  float factor;
  __device__ float operator()(float a, float b) const { return *dloss * factor * (a - b); }
};

}  // namespace

template <class T>
void mse(const MseArgs<T>& args) {
  const double factor = args.count > 0 ? 1 / static_cast<double>(args.count) : 0;
  sum_elements("mse", SquaredDifference{}, args.count, factor, args.loss, args.a, args.b);
}

template <class T>
void mse_backward(const MseBackwardArgs<T>& args) {
  const float factor = 2 * args.sign / static_cast<float>(args.count);
  elementwise("mse_backward", ScaledDifference{args.dloss, factor}, args.count, args.gradient, args.a,
              args.b);
}

template void mse(const MseArgs<float>&);
template void mse(const MseArgs<bfloat16>&);
template void mse(const MseArgs<float16>&);
template void mse_backward(const MseBackwardArgs<float>&);
template void mse_backward(const MseBackwardArgs<bfloat16>&);
template void mse_backward(const MseBackwardArgs<float16>&);

}  // namespace masktwins::kernels::cuda
