#include "kernels/squared_norm.h"

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {

template <class T>
void squared_norm(const SquaredNormArgs<T>& args) {
  *args.result = static_cast<T>(parallel_sum<double>(args.count, 1 << 15, [&](int64_t begin, int64_t end) {
    constexpr int parts = 16;  // independent sums, so that additions overlap
    double sum[parts] = {};
    int64_t i = begin;
    for (; i + parts <= end; i += parts)
      for (int j = 0; j < parts; ++j)
        sum[j] += static_cast<double>(args.x[i + j]) * static_cast<double>(args.x[i + j]);
    for (; i < end; ++i) sum[0] += static_cast<double>(args.x[i]) * static_cast<double>(args.x[i]);
    double total = 0;
    for (const double part : sum) total += part;
    return total;
  }));
}

template void squared_norm(const SquaredNormArgs<float>&);
template void squared_norm(const SquaredNormArgs<double>&);

}  // namespace masktwins::kernels::cpu
