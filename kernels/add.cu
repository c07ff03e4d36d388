#include "kernels/add.h"
#include "kernels/common/elementwise.cuh"

namespace masktwins::kernels::cuda {
namespace {

struct Add {
  __device__ float operator()(float a, float b) const { return a + b; }
};

}  // namespace

template <class T>
void add(const AddArgs<T>& args) {
  elementwise("add", Add{}, args.count, args.y, args.a, args.b);
}

template void add(const AddArgs<float>&);
template void add(const AddArgs<bfloat16>&);
template void add(const AddArgs<float16>&);

}  // namespace masktwins::kernels::cuda
