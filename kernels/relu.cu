#include "kernels/common/elementwise.cuh"
#include "kernels/relu.h"

namespace masktwins::kernels::cuda {
namespace {

struct Relu {
  __device__ float operator()(float x) const { return x < 0 ? 0 : x; }
};
struct ReluBackward {
  __device__ float operator()(float y, float dy) const { return y > 0 ? dy : 0; }
};

}  // namespace

template <class T>
void relu(const ReluArgs<T>& args) {
  elementwise("relu", Relu{}, args.count, args.y, args.x);
}

template <class T>
void relu_backward(const ReluBackwardArgs<T>& args) {
  elementwise("relu_backward", ReluBackward{}, args.count, args.dx, args.y, args.dy);
}

template void relu(const ReluArgs<float>&);
template void relu(const ReluArgs<bfloat16>&);
template void relu(const ReluArgs<float16>&);
template void relu_backward(const ReluBackwardArgs<float>&);
template void relu_backward(const ReluBackwardArgs<bfloat16>&);
template void relu_backward(const ReluBackwardArgs<float16>&);

}  // namespace masktwins::kernels::cuda
