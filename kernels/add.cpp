#include "kernels/add.h"

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {
namespace {
constexpr int64_t grain = 1 << 15;
}

template <class T>
void add(const AddArgs<T>& args) {
  parallel_for(args.count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) args.y[i] = args.a[i] + args.b[i];
  });
}

template void add(const AddArgs<float>&);
template void add(const AddArgs<double>&);

}  // namespace masktwins::kernels::cpu
