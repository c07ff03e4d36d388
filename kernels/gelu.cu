#include "kernels/common/elementwise.cuh"
#include "kernels/gelu.h"

namespace masktwins::kernels::cuda {
namespace {

struct Gelu {
  __device__ float operator()(float x) const { return x * standard_normal(x).distribution; }
};
struct GeluBackward {
  __device__ float operator()(float x, float dy) const {
    const StandardNormal<float> normal = standard_normal(x);
    return dy * (normal.distribution + x * normal.density);
  }
};

}  // namespace

template <class T>
void gelu(const GeluArgs<T>& args) {
  elementwise("gelu", Gelu{}, args.count, args.y, args.x);
}

template <class T>
void gelu_backward(const GeluBackwardArgs<T>& args) {
  elementwise("gelu_backward", GeluBackward{}, args.count, args.dx, args.x, args.dy);
}

template void gelu(const GeluArgs<float>&);
template void gelu(const GeluArgs<bfloat16>&);
template void gelu(const GeluArgs<float16>&);
template void gelu_backward(const GeluBackwardArgs<float>&);
template void gelu_backward(const GeluBackwardArgs<bfloat16>&);
template void gelu_backward(const GeluBackwardArgs<float16>&);

}  // namespace masktwins::kernels::cuda
