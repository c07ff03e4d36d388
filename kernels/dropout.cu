#include "kernels/common/channels.cuh"
#include "kernels/dropout.h"

namespace masktwins::kernels::cuda {
namespace {

struct Draw {
  double probability;
  float kept;  // factor of what lives
  bool whole_samples;
  RandomKey key;
  uint64_t step;

  __device__ float factor(int64_t sample, int64_t channel, int64_t channels) const {
    const int64_t group = whole_samples ? sample : sample * channels + channel;
    const float u = uniform01(philox(key, step, static_cast<uint64_t>(group)).word[0]);
    return static_cast<double>(u) >= probability ? kept : 0;
  }
};

// A thread draws for its channels once and goes down the rows.
template <int width, class T>
__global__ void __launch_bounds__(threads_per_block)
    dropout_kernel(Draw draw, ChannelWalk walk, const T* x, T* y) {
  const ChannelPlace place(walk);
  if (!place.inside) return;
  float factor[width];
#pragma unroll
  for (int k = 0; k < width; ++k) factor[k] = draw.factor(place.sample, place.channel + k, walk.channels);
  for (int64_t row = place.row; row < place.end; row += place.step) {
    const int64_t element = row * walk.channels + place.channel;
    auto values = load_vector<width>(x + element);
#pragma unroll
    for (int k = 0; k < width; ++k)
      values.element[k] = static_cast<T>(static_cast<float>(values.element[k]) * factor[k]);
    store_vector(y + element, values);
  }
}

}  // namespace

template <class T>
void dropout(const DropoutArgs<T>& args) {
  if (args.samples * args.rows * args.channels == 0) return;
  const ChannelWalk walk = channel_walk<T>(args.samples, args.rows, args.channels, args.x, args.y);
  const Draw draw{args.probability, static_cast<float>(1 / (1 - args.probability)), args.whole_samples,
                  args.key, args.step};
  with_width<T>(walk, [&](auto width) {
    launch("dropout", dropout_kernel<width, T>, walk.grid, walk.block)(draw, walk, args.x, args.y);
  });
}

template void dropout(const DropoutArgs<float>&);
template void dropout(const DropoutArgs<bfloat16>&);
template void dropout(const DropoutArgs<float16>&);

}  // namespace masktwins::kernels::cuda
