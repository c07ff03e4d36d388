// record_loss: sums[slot] += loss, and remembers the first loss that is NaN or infinite:
//   if loss is not finite and failure[0] == 0:  failure = {slot + 1, step}
// So losses and failures of many steps wait on the device until somebody reads them.
// Bytes and flops: a handful.
#pragma once

#include <cstdint>

#include "kernels/common/host_device.h"

namespace masktwins::kernels {

template <class T>
struct RecordLossArgs {
  int32_t slot, step;
  const T* loss;
  T* sums;
  int32_t* failure;  // {what failed or 0, in which step}
};

template <class T>
HOST_DEVICE void record_one_loss(const RecordLossArgs<T>& args) {
  const T loss = *args.loss;
  args.sums[args.slot] += loss;
  if (loss - loss == 0 || args.failure[0] != 0) return;
  args.failure[0] = args.slot + 1;
  args.failure[1] = args.step;
}

namespace cpu {
template <class T>
void record_loss(const RecordLossArgs<T>& args);
}  // namespace cpu
namespace cuda {
void record_loss(const RecordLossArgs<float>& args);
}  // namespace cuda

}  // namespace masktwins::kernels
