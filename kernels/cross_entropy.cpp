#include "kernels/cross_entropy.h"

#include "kernels/common/parallel.h"
#include "kernels/common/pixel_block.h"

namespace masktwins::kernels::cpu {
namespace {

constexpr int64_t grain = 1 << 12;

}  // namespace

template <class T>
void cross_entropy(const CrossEntropyArgs<T>& args) {
  constexpr int64_t width = PixelBlock<T>::width;
  const double sum = parallel_sum<double>(args.pixels, grain, [&](int64_t begin, int64_t end) {
    PixelBlock<T> block(args.classes);
    alignas(64) T largest[width], total[width], log_total[width];
    double partial = 0;
    for_each_pixel_block<T>(begin, end, [&](int64_t first, int64_t pixels) {
      block.load(args.logits + first * args.classes, pixels);
      block.subtract_largest(largest);
      block.exponentiate(total);
#pragma omp simd
      for (int64_t p = 0; p < width; ++p) log_total[p] = log_at_least_one(total[p]);
      for (int64_t p = 0; p < pixels; ++p) {
        const int64_t pixel = first + p;
        if (args.label[pixel] == ignored_label) continue;
        const T loss = log_total[p] + (largest[p] - args.logits[pixel * args.classes + args.label[pixel]]);
        partial += static_cast<double>(args.weight ? args.weight[pixel] * loss : loss);
      }
    });
    return partial;
  });
  *args.loss = args.pixels > 0 ? static_cast<T>(sum / static_cast<double>(args.pixels)) : T{};
}

template <class T>
void cross_entropy_backward(const CrossEntropyBackwardArgs<T>& args) {
  constexpr int64_t width = PixelBlock<T>::width;
  const T factor = *args.dloss / static_cast<T>(args.pixels);
  parallel_for(args.pixels, grain, [&](int64_t begin, int64_t end) {
    PixelBlock<T> block(args.classes);
    alignas(64) T largest[width], total[width], slope[width] = {}, share[width];
    for_each_pixel_block<T>(begin, end, [&](int64_t first, int64_t pixels) {
      block.load(args.logits + first * args.classes, pixels);
      block.subtract_largest(largest);
      block.exponentiate(total);
      for (int64_t p = 0; p < pixels; ++p) {
        const int64_t pixel = first + p;
        const T weight = args.weight ? args.weight[pixel] : T{1};
        slope[p] = args.label[pixel] == ignored_label ? T{0} : weight * factor;
      }
      for (int64_t p = 0; p < width; ++p) share[p] = slope[p] / total[p];
      block.multiply(share);
      for (int64_t p = 0; p < pixels; ++p)
        if (args.label[first + p] != ignored_label) block.channel(args.label[first + p])[p] -= slope[p];
      block.store(args.dlogits + first * args.classes, pixels);
    });
  });
}

template void cross_entropy(const CrossEntropyArgs<float>&);
template void cross_entropy(const CrossEntropyArgs<double>&);
template void cross_entropy_backward(const CrossEntropyBackwardArgs<float>&);
template void cross_entropy_backward(const CrossEntropyBackwardArgs<double>&);

}  // namespace masktwins::kernels::cpu
