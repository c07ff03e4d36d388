#include "kernels/scale.h"

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {
namespace {
constexpr int64_t grain = 1 << 15;
}

template <class T>
void scale(const ScaleArgs<T>& args) {
  parallel_for(args.count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) args.y[i] = args.factor * args.x[i] + args.offset;
  });
}

template void scale(const ScaleArgs<float>&);
template void scale(const ScaleArgs<double>&);

}  // namespace masktwins::kernels::cpu
