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

template <class T>
double total_weight(const T* weight, int64_t pixels) {
  if (weight == nullptr) return static_cast<double>(pixels);
  return parallel_sum<double>(pixels, grain, [&](int64_t begin, int64_t end) {
    double partial = 0;
    for (int64_t i = begin; i < end; ++i) partial += static_cast<double>(weight[i]);
    return partial;
  });
}

}  // namespace

template <class T>
void l2_distance(const L2DistanceArgs<T>& args) {
  const int64_t channels = args.channels;
  const double sum = parallel_sum<double>(args.pixels, grain, [&](int64_t begin, int64_t end) {
    double partial = 0;
    for (int64_t i = begin; i < end; ++i) {
      const T weight = args.weight == nullptr ? T{1} : args.weight[i];
      partial +=
          static_cast<double>(weight * distance(args.a + i * channels, args.b + i * channels, channels));
    }
    return partial;
  });
  const double total = total_weight(args.weight, args.pixels);
  *args.loss = total > 0 ? static_cast<T>(sum / total) : T{};
}

template <class T>
void l2_distance_backward(const L2DistanceBackwardArgs<T>& args) {
  const int64_t channels = args.channels;
  const double total = total_weight(args.weight, args.pixels);
  const T factor = total > 0 ? args.sign * *args.dloss / static_cast<T>(total) : T{};
  parallel_for(args.pixels, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const T* a = args.a + i * channels;
      const T* b = args.b + i * channels;
      const T length = distance(a, b, channels);
      T slope = length > T{} ? factor / length : T{};
      if (args.weight != nullptr) slope *= args.weight[i];
      for (int64_t c = 0; c < channels; ++c) args.gradient[i * channels + c] = slope * (a[c] - b[c]);
    }
  });
}

template void l2_distance(const L2DistanceArgs<float>&);
template void l2_distance(const L2DistanceArgs<double>&);
template void l2_distance_backward(const L2DistanceBackwardArgs<float>&);
template void l2_distance_backward(const L2DistanceBackwardArgs<double>&);

}  // namespace masktwins::kernels::cpu
