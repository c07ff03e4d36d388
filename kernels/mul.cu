#include "kernels/common/elementwise.cuh"
#include "kernels/mul.h"

namespace masktwins::kernels::cuda {
namespace {

struct Mul {
  __device__ float operator()(float a, float b) const { return a * b; }
};

}  // namespace

template <class T>
void mul(const MulArgs<T>& args) {
  elementwise("mul", Mul{}, args.count, args.y, args.a, args.b);
}

template void mul(const MulArgs<float>&);
template void mul(const MulArgs<bfloat16>&);
template void mul(const MulArgs<float16>&);

}  // namespace masktwins::kernels::cuda
