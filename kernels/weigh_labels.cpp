#include "kernels/weigh_labels.h"

#include <vector>

namespace masktwins::kernels::cpu {

template <class T>
void weigh_labels(const WeighLabelsArgs<T>& args) {
  std::vector<int64_t> count(static_cast<std::size_t>(1 + args.classes));
  for (int64_t i = 0; i < args.pixels; ++i) {
    count[0] += static_cast<double>(args.probability[i]) >= args.sure;
    ++count[1 + std::size_t{args.label[i]}];
  }
  for (std::size_t k = 0; k < count.size(); ++k)
    args.shares[k] = static_cast<T>(static_cast<double>(count[k]) / static_cast<double>(args.pixels));
  const T weight = args.by_quality ? args.shares[0] : 1;
  for (int64_t i = 0; i < args.pixels; ++i)
    args.weight[i] = static_cast<double>(args.probability[i]) >= args.least ? weight : 0;
}

template void weigh_labels(const WeighLabelsArgs<float>&);
template void weigh_labels(const WeighLabelsArgs<double>&);

}  // namespace masktwins::kernels::cpu
