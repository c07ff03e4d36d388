#include "kernels/ema_update.h"

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {

template <class T>
void ema_update(const EmaUpdateArgs<T>& args) {
  const T keep = static_cast<T>(args.alpha), take = static_cast<T>(1 - args.alpha);
  parallel_for(args.count, 1 << 15, [&](int64_t begin, int64_t end) {
    T* __restrict average = args.average;
    for (int64_t i = begin; i < end; ++i) average[i] = keep * average[i] + take * args.value[i];
  });
}

template void ema_update(const EmaUpdateArgs<float>&);
template void ema_update(const EmaUpdateArgs<double>&);

}  // namespace masktwins::kernels::cpu
