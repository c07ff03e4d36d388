// ema_update: average = alpha * average + (1 - alpha) * value, in place; the mean teacher (Tarvainen and
// Valpola 2017). Bytes: 2 reads, 1 write. Flops: 3 per element.
#pragma once

#include <cstdint>

namespace masktwins::kernels {

template <class T>
struct EmaUpdateArgs {
  double alpha;
  int64_t count;
  const T* value;
  T* average;
};

namespace cpu {
template <class T>
void ema_update(const EmaUpdateArgs<T>& args);
}  // namespace cpu

namespace cuda {
void ema_update(const EmaUpdateArgs<float>& args);
}  // namespace cuda

}  // namespace masktwins::kernels
