#include "kernels/common/elementwise.cuh"
#include "kernels/leaky_relu.h"

namespace masktwins::kernels::cuda {
namespace {

struct LeakyRelu {
  float slope;
  __device__ float operator()(float x) const { return x > 0 ? x : slope * x; }
};
struct LeakyReluBackward {
  float slope;
  __device__ float operator()(float y, float dy) const { return y > 0 ? dy : slope * dy; }
};

}  // namespace

template <class T>
void leaky_relu(const LeakyReluArgs<T>& args) {
  elementwise("leaky_relu", LeakyRelu{static_cast<float>(args.slope)}, args.count, args.y, args.x);
}

template <class T>
void leaky_relu_backward(const LeakyReluBackwardArgs<T>& args) {
  elementwise("leaky_relu_backward", LeakyReluBackward{static_cast<float>(args.slope)}, args.count, args.dx,
              args.y, args.dy);
}

template void leaky_relu(const LeakyReluArgs<float>&);
template void leaky_relu(const LeakyReluArgs<bfloat16>&);
template void leaky_relu(const LeakyReluArgs<float16>&);
template void leaky_relu_backward(const LeakyReluBackwardArgs<float>&);
template void leaky_relu_backward(const LeakyReluBackwardArgs<bfloat16>&);
template void leaky_relu_backward(const LeakyReluBackwardArgs<float16>&);

}  // namespace masktwins::kernels::cuda
