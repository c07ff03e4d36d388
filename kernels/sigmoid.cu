#include "kernels/common/elementwise.cuh"
#include "kernels/sigmoid.h"

namespace masktwins::kernels::cuda {
namespace {

struct Sigmoid {
  __device__ float operator()(float x) const { return logistic(x); }
};
struct SigmoidBackward {
  __device__ float operator()(float y, float dy) const { return dy * y * (1 - y); }
};

}  // namespace

template <class T>
void sigmoid(const SigmoidArgs<T>& args) {
  elementwise("sigmoid", Sigmoid{}, args.count, args.y, args.x);
}

template <class T>
void sigmoid_backward(const SigmoidBackwardArgs<T>& args) {
  elementwise("sigmoid_backward", SigmoidBackward{}, args.count, args.dx, args.y, args.dy);
}

template void sigmoid(const SigmoidArgs<float>&);
template void sigmoid(const SigmoidArgs<bfloat16>&);
template void sigmoid(const SigmoidArgs<float16>&);
template void sigmoid_backward(const SigmoidBackwardArgs<float>&);
template void sigmoid_backward(const SigmoidBackwardArgs<bfloat16>&);
template void sigmoid_backward(const SigmoidBackwardArgs<float16>&);

}  // namespace masktwins::kernels::cuda
