#include "kernels/pseudo_label.h"

#include <cmath>

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {

template <class T>
void pseudo_label(const PseudoLabelArgs<T>& args) {
  parallel_for(args.pixels, 1 << 12, [&](int64_t begin, int64_t end) {
    for (int64_t pixel = begin; pixel < end; ++pixel) {
      const T* z = args.logits + pixel * args.classes;
      int64_t best = 0;
      for (int64_t k = 1; k < args.classes; ++k)
        if (z[k] > z[best]) best = k;
      T sum{};
      for (int64_t k = 0; k < args.classes; ++k) sum += std::exp(z[k] - z[best]);
      args.label[pixel] = static_cast<uint8_t>(best);
      args.probability[pixel] = 1 / sum;
    }
  });
}

template void pseudo_label(const PseudoLabelArgs<float>&);
template void pseudo_label(const PseudoLabelArgs<double>&);

}  // namespace masktwins::kernels::cpu
