#include "kernels/cross_entropy.h"

#include <algorithm>
#include <cmath>

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {
namespace {

constexpr int64_t grain = 1 << 12;

}  // namespace

template <class T>
void cross_entropy(const CrossEntropyArgs<T>& args) {
  const double sum = parallel_sum<double>(args.pixels, grain, [&](int64_t begin, int64_t end) {
    double partial = 0;
    for (int64_t pixel = begin; pixel < end; ++pixel) {
      if (args.label[pixel] == ignored_label) continue;
      const T* z = args.logits + pixel * args.classes;
      const T largest = *std::max_element(z, z + args.classes);
      T total{};
      for (int64_t k = 0; k < args.classes; ++k) total += std::exp(z[k] - largest);
      const T loss = std::log(total) + largest - z[args.label[pixel]];
      partial += static_cast<double>(args.weight ? args.weight[pixel] * loss : loss);
    }
    return partial;
  });
  *args.loss = args.pixels > 0 ? static_cast<T>(sum / static_cast<double>(args.pixels)) : T{};
}

template <class T>
void cross_entropy_backward(const CrossEntropyBackwardArgs<T>& args) {
  const T factor = *args.dloss / static_cast<T>(args.pixels);
  parallel_for(args.pixels, grain, [&](int64_t begin, int64_t end) {
    for (int64_t pixel = begin; pixel < end; ++pixel) {
      T* dz = args.dlogits + pixel * args.classes;
      if (args.label[pixel] == ignored_label) {
        std::fill_n(dz, args.classes, T{});
        continue;
      }
      const T* z = args.logits + pixel * args.classes;
      const T largest = *std::max_element(z, z + args.classes);
      T total{};
      for (int64_t k = 0; k < args.classes; ++k) total += dz[k] = std::exp(z[k] - largest);
      const T slope = args.weight ? args.weight[pixel] * factor : factor;
      for (int64_t k = 0; k < args.classes; ++k) dz[k] *= slope / total;
      dz[args.label[pixel]] -= slope;
    }
  });
}

template void cross_entropy(const CrossEntropyArgs<float>&);
template void cross_entropy(const CrossEntropyArgs<double>&);
template void cross_entropy_backward(const CrossEntropyBackwardArgs<float>&);
template void cross_entropy_backward(const CrossEntropyBackwardArgs<double>&);

}  // namespace masktwins::kernels::cpu
