#include "kernels/common/launch.cuh"
#include "kernels/common/pack.cuh"
#include "kernels/restyle.h"

namespace masktwins::kernels::cuda {
namespace {

// One thread per `width` consecutive channels of a pixel: a pack, or a single element where packs do not fit.
template <class T, int width>
struct alignas(width * sizeof(T)) Channels {
  T element[width];
};

template <class T, int width>
__global__ void __launch_bounds__(threads_per_block) restyle_kernel(RestyleArgs<T> args) {
  const int64_t groups = args.channels / width;
  const int64_t count = args.batch * args.pixels * groups;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count;
       i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t pixel = i / groups, channel = i % groups * width;
    const int64_t style = pixel / args.pixels % args.styles * args.channels + channel;
    auto value = reinterpret_cast<const Channels<T, width>*>(args.x)[i];
#pragma unroll
    for (int k = 0; k < width; ++k) {
      const float factor = sqrtf(args.variance[style + k] + static_cast<float>(args.eps));
      const float shift = args.mean == nullptr ? 0.0f : args.mean[style + k];
      value.element[k] = static_cast<T>(static_cast<float>(value.element[k]) * factor + shift);
    }
    reinterpret_cast<Channels<T, width>*>(args.y)[i] = value;
  }
}

}  // namespace

template <class T>
void restyle(const RestyleArgs<T>& args) {
  const int64_t count = args.batch * args.pixels * args.channels;
  if (count == 0) return;
  constexpr int width = pack_size<T>;
  const bool packs = args.channels % width == 0 && pack_aligned(args.x, args.y);
  const auto kernel = packs ? restyle_kernel<T, width> : restyle_kernel<T, 1>;
  launch("restyle", kernel, blocks_for(packs ? count / width : count, threads_per_block),
         threads_per_block)(args);
}

template void restyle(const RestyleArgs<float>&);
template void restyle(const RestyleArgs<bfloat16>&);
template void restyle(const RestyleArgs<float16>&);

}  // namespace masktwins::kernels::cuda
