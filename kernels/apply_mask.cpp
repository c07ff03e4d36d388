#include "kernels/apply_mask.h"

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {

template <class T>
void apply_mask(const ApplyMaskArgs<T>& args) {
  parallel_for(args.pixels, 1 << 13, [&](int64_t begin, int64_t end) {
    for (int64_t k = 0; k < args.views; ++k) {
      T* view = args.view[k];
      for (int64_t pixel = begin; pixel < end; ++pixel) {
        const bool shown = args.index[pixel] == args.first + k;
        for (int64_t i = pixel * args.channels; i < (pixel + 1) * args.channels; ++i)
          view[i] = shown ? args.x[i] : T{};
      }
    }
  });
}

template void apply_mask(const ApplyMaskArgs<float>&);
template void apply_mask(const ApplyMaskArgs<double>&);

}  // namespace masktwins::kernels::cpu
