#include "kernels/common/elementwise.cuh"
#include "kernels/scale.h"

namespace masktwins::kernels::cuda {
namespace {

struct Scale {
  float factor, offset;
  __device__ float operator()(float x) const { return factor * x + offset; }
};

}  // namespace

template <class T>
void scale(const ScaleArgs<T>& args) {
  elementwise("scale", Scale{args.factor, args.offset}, args.count, args.y, args.x);
}

template void scale(const ScaleArgs<float>&);
template void scale(const ScaleArgs<bfloat16>&);
template void scale(const ScaleArgs<float16>&);

}  // namespace masktwins::kernels::cuda
