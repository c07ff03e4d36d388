#include "kernels/mul.h"

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {
namespace {
constexpr int64_t grain = 1 << 15;
}

template <class T>
void mul(const MulArgs<T>& args) {
  parallel_for(args.count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) args.y[i] = args.a[i] * args.b[i];
  });
}

template void mul(const MulArgs<float>&);
template void mul(const MulArgs<double>&);

}  // namespace masktwins::kernels::cpu
