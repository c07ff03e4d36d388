// restyle: y[n,p,c] = x[n,p,c] · sqrt(variance[m,c] + eps) + mean[m,c], m = n mod styles: the second half of
// adaptive instance normalisation (Huang and Belongie, ICCV 2017; section 3.12), whose first half is
// instance_norm. backward: dx = dy · sqrt(variance[m,c] + eps); mean and variance are data. Layout: x (batch,
// pixels, channels), mean and variance (styles, channels). Bytes: 1 read, 1 write, in both directions. Flops:
// 2 per element.
//
// CUDA: a thread reads mean and variance for as few as 4 pixels, so that small images fill a GPU; in float
// beside 16 bits they are as long as two pixels each.
#pragma once

#include <cstdint>

#include "kernels/common/float16.h"

namespace masktwins::kernels {

template <class T>
struct RestyleArgs {
  int64_t batch, pixels, channels, styles;
  const T* x;           // or dy
  const Wide<T>* mean;  // null: nothing is added (backward)
  const Wide<T>* variance;
  T* y;  // or dx
  double eps;
};

namespace cpu {
template <class T>
void restyle(const RestyleArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void restyle(const RestyleArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels
