#include "kernels/common/elementwise.cuh"
#include "kernels/sum.h"

namespace masktwins::kernels::cuda {
namespace {

struct Identity {
  __device__ float operator()(float x) const { return x; }
};

struct Constant {
  const float* value;
  float factor;
  __device__ float operator()() const { return factor * *value; }
};

}  // namespace

template <class T>
void sum(const SumArgs<T>& args) {
  sum_elements("sum", Identity{}, args.count, args.factor, args.y, args.x);
}

template <class T>
void sum_backward(const SumBackwardArgs<T>& args) {
  elementwise("sum_backward", Constant{args.dy, static_cast<float>(args.factor)}, args.count, args.dx);
}

template void sum(const SumArgs<float>&);
template void sum(const SumArgs<bfloat16>&);
template void sum(const SumArgs<float16>&);
template void sum_backward(const SumBackwardArgs<float>&);
template void sum_backward(const SumBackwardArgs<bfloat16>&);
template void sum_backward(const SumBackwardArgs<float16>&);

}  // namespace masktwins::kernels::cuda
