#include "kernels/common/launch.cuh"
#include "kernels/common/pack.cuh"
#include "kernels/convert.h"

namespace masktwins::kernels::cuda {
namespace {

// Four elements per thread: 8 or 16 bytes in, 16 or 8 bytes out.
constexpr int group_size = 4;

template <class T>
struct alignas(group_size * sizeof(T)) Group {
  T element[group_size];
};

template <class From, class To>
__global__ void __launch_bounds__(threads_per_block)
    convert_kernel(const From* x, To* y, int64_t groups, int64_t count) {
  const int64_t thread = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const int64_t threads = int64_t{gridDim.x} * blockDim.x;
  for (int64_t i = thread; i < groups; i += threads) {
    const Group<From> in = reinterpret_cast<const Group<From>*>(x)[i];
    Group<To> out;
#pragma unroll
    for (int k = 0; k < group_size; ++k) out.element[k] = convert_element<To>(in.element[k]);
    reinterpret_cast<Group<To>*>(y)[i] = out;
  }
  for (int64_t i = groups * group_size + thread; i < count; i += threads) y[i] = convert_element<To>(x[i]);
}

}  // namespace

template <class From, class To>
void convert(const ConvertArgs<From, To>& args) {
  if (args.count == 0) return;
  const int64_t groups = pack_aligned(args.x, args.y) ? args.count / group_size : 0;
  launch("convert", convert_kernel<From, To>, blocks_for(groups > 0 ? groups : args.count, threads_per_block),
         threads_per_block)(args.x, args.y, groups, args.count);
}

template void convert(const ConvertArgs<float, bfloat16>&);
template void convert(const ConvertArgs<float, float16>&);
template void convert(const ConvertArgs<bfloat16, float>&);
template void convert(const ConvertArgs<bfloat16, float16>&);
template void convert(const ConvertArgs<float16, float>&);
template void convert(const ConvertArgs<float16, bfloat16>&);

}  // namespace masktwins::kernels::cuda
