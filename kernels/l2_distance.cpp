#include "kernels/l2_distance.h"

#include <cmath>

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {
namespace {

constexpr int64_t grain = 1 << 13;

template <class T>
T distance(const T* a, const T* b, int64_t channels) {
  T sum{};
  for (int64_t c = 0; c < channels; ++c) sum += (a[c] - b[c]) * (a[c] - b[c]);
  return std::sqrt(sum);
}

}  // namespace

template <class T>
void l2_distance(const L2DistanceArgs<T>& args) {
  const int64_t channels = args.channels;
  const double sum = parallel_sum<double>(args.pixels, grain, [&](int64_t begin, int64_t end) {
    double partial = 0;
    for (int64_t i = begin; i < end; ++i)
      partial += static_cast<double>(distance(args.a + i * channels, args.b + i * channels, channels));
    return partial;
  });
  *args.loss = args.pixels > 0 ? static_cast<T>(sum / static_cast<double>(args.pixels)) : T{};
}

template <class T>
void l2_distance_backward(const L2DistanceBackwardArgs<T>& args) {
  const int64_t channels = args.channels;
  const T factor = args.sign * *args.dloss / static_cast<T>(args.pixels);
  parallel_for(args.pixels, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const T* a = args.a + i * channels;
      const T* b = args.b + i * channels;
      const T length = distance(a, b, channels);
      const T slope = length > T{} ? factor / length : T{};
      for (int64_t c = 0; c < channels; ++c) args.gradient[i * channels + c] = slope * (a[c] - b[c]);
    }
  });
}

template void l2_distance(const L2DistanceArgs<float>&);
template void l2_distance(const L2DistanceArgs<double>&);
template void l2_distance_backward(const L2DistanceBackwardArgs<float>&);
template void l2_distance_backward(const L2DistanceBackwardArgs<double>&);

}  // namespace masktwins::kernels::cpu
