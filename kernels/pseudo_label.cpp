#include "kernels/pseudo_label.h"

#include "kernels/common/parallel.h"
#include "kernels/common/pixel_block.h"

namespace masktwins::kernels::cpu {

template <class T>
void pseudo_label(const PseudoLabelArgs<T>& args) {
  constexpr int64_t width = PixelBlock<T>::width;
  parallel_for(args.pixels, 1 << 12, [&](int64_t begin, int64_t end) {
    PixelBlock<T> block(args.classes);
    alignas(64) T largest[width], total[width];
    for_each_pixel_block<T>(begin, end, [&](int64_t first, int64_t pixels) {
      block.load(args.logits + first * args.classes, pixels);
      block.subtract_largest(largest);
      alignas(64)
          T best[width] = {};  // of the largest logit, which is 0 now; classes backwards: the first wins
      for (int64_t k = args.classes - 1; k >= 0; --k) {
        const T* z = block.channel(k);
        const T index = static_cast<T>(k);
#pragma omp simd
        for (int64_t p = 0; p < width; ++p) best[p] = z[p] == T{0} ? index : best[p];
      }
      block.exponentiate(total);
      for (int64_t p = 0; p < pixels; ++p) {
        const T probability = 1 / total[p];
        const bool sure = static_cast<double>(probability) >= args.foreground_threshold;
        args.label[first + p] = sure ? static_cast<uint8_t>(best[p]) : 0;
        args.probability[first + p] = probability;
      }
    });
  });
}

template void pseudo_label(const PseudoLabelArgs<float>&);
template void pseudo_label(const PseudoLabelArgs<double>&);

}  // namespace masktwins::kernels::cpu
