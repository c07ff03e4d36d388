#include "kernels/restyle.h"

#include <cmath>

#include "kernels/common/parallel.h"
#include "kernels/common/scratch.h"

namespace masktwins::kernels::cpu {

template <class T>
void restyle(const RestyleArgs<T>& args) {
  const int64_t channels = args.channels, regions = args.styles * channels;
  const Scratch<T> deviation(regions);
  for (int64_t i = 0; i < regions; ++i)
    deviation.data()[i] = std::sqrt(args.variance[i] + static_cast<T>(args.eps));
  constexpr int64_t grain = 1 << 8;  // pixels
  parallel_for(args.batch * args.pixels, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t style = i / args.pixels % args.styles * channels;
      const T* factor = deviation.data() + style;
      const T* x = args.x + i * channels;
      T* y = args.y + i * channels;
      if (args.mean == nullptr)
        for (int64_t c = 0; c < channels; ++c) y[c] = x[c] * factor[c];
      else
        for (int64_t c = 0; c < channels; ++c) y[c] = x[c] * factor[c] + args.mean[style + c];
    }
  });
}

template void restyle(const RestyleArgs<float>&);
template void restyle(const RestyleArgs<double>&);

}  // namespace masktwins::kernels::cpu
