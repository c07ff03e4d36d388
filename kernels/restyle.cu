#include "kernels/common/channels.cuh"
#include "kernels/restyle.h"

namespace masktwins::kernels::cuda {
namespace {

// A thread keeps the factors and shifts of its channels and goes down the pixels of one image.
template <class T, int width>
__global__ void __launch_bounds__(threads_per_block)
    restyle_kernel(RestyleArgs<T> args, float eps, ChannelWalk walk) {
  const ChannelPlace place(walk);
  if (!place.inside) return;
  const int64_t style = place.sample % args.styles * args.channels + place.channel;
  float factor[width], shift[width] = {};
  load_elements(args.variance + style, factor);
  if (args.mean) load_elements(args.mean + style, shift);
#pragma unroll
  for (int k = 0; k < width; ++k) factor[k] = sqrtf(factor[k] + eps);
#pragma unroll 4
  for (int64_t row = place.row; row < place.end; row += place.step) {
    const int64_t element = row * walk.channels + place.channel;
    auto value = load_vector<width>(args.x + element);
#pragma unroll
    for (int k = 0; k < width; ++k)
      value.element[k] = static_cast<T>(static_cast<float>(value.element[k]) * factor[k] + shift[k]);
    store_vector(args.y + element, value);
  }
}

}  // namespace

template <class T>
void restyle(const RestyleArgs<T>& args) {
  if (args.batch * args.pixels * args.channels == 0) return;
  const ChannelWalk walk = channel_walk<T>(args.batch, args.pixels, args.channels, args.x, args.y);
  with_width<T>(walk, [&](auto width) {
    launch("restyle", restyle_kernel<T, width>, walk.grid, walk.block)(args, static_cast<float>(args.eps),
                                                                       walk);
  });
}

template void restyle(const RestyleArgs<float>&);
template void restyle(const RestyleArgs<bfloat16>&);
template void restyle(const RestyleArgs<float16>&);

}  // namespace masktwins::kernels::cuda
