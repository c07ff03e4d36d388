#include "kernels/channel_sum.h"
#include "kernels/common/channels.cuh"

namespace masktwins::kernels::cuda {
namespace {

template <class T>
struct Add {
  static constexpr int sums = 1;
  const T* x;

  struct None {};
  template <int width>
  __device__ None lanes(int64_t, int64_t) const {
    return {};
  }
  template <int width>
  __device__ void add(None, int64_t element, float (&sum)[width]) const {
    const auto in = load_vector<width>(x + element);
#pragma unroll
    for (int k = 0; k < width; ++k) sum[k] += static_cast<float>(in.element[k]);
  }
};

}  // namespace

template <class T>
void channel_sum(const ChannelSumArgs<T>& args) {
  if (args.channels == 0) return;
  const ChannelWalk walk = channel_walk<T>(1, args.rows, args.channels, args.x);
  channel_sums<T>("channel_sum", Add<T>{args.x}, walk, args.sum);
}

template void channel_sum(const ChannelSumArgs<float>&);
template void channel_sum(const ChannelSumArgs<bfloat16>&);
template void channel_sum(const ChannelSumArgs<float16>&);

}  // namespace masktwins::kernels::cuda
