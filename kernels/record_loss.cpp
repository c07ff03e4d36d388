#include "kernels/record_loss.h"

namespace masktwins::kernels::cpu {

template <class T>
void record_loss(const RecordLossArgs<T>& args) {
  record_one_loss(args);
}

template void record_loss(const RecordLossArgs<float>&);
template void record_loss(const RecordLossArgs<double>&);

}  // namespace masktwins::kernels::cpu
