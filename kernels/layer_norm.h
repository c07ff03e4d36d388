// layer_norm: each row of C channels with mean 0 and variance 1 (Ba, Kiros and Hinton 2016):
//   y[r,c] = (x[r,c] - mean_r) * rstd_r * weight[c] + bias[c],  rstd = 1 / sqrt(variance + eps), biased
//   variance.
// backward, with xhat = (x - mean) * rstd and g = dy * weight:
//   dx = rstd * (g - mean_c(g) - xhat * mean_c(g * xhat)),  dweight[c] = sum_r dy * xhat,  dbias[c] = sum_r
//   dy.
//
// Layout: (R,C) row-major, one row per token or pixel. Bytes: 1 read, 1 write (backward: 2 reads, 1 write).
// On CUDA rows of more than 4 packs per lane (512 floats) do not fit into registers: they are read three
// times (backward: x and dy three times each), mostly from the cache. Flops per element: 8 (backward 14).
//
// CUDA: a thread reads weight and bias for as few as 4 rows, so that small inputs fill a GPU; in float beside
// 16 bits they are as long as two rows. Longer rows are read again, see above.
#pragma once

#include <cstdint>

#include "kernels/common/float16.h"

namespace masktwins::kernels {

template <class T>
struct LayerNormArgs {
  int64_t rows, channels;
  const T* x;
  const Wide<T>* weight;
  const Wide<T>* bias;
  T* y;
  Wide<T>* mean;  // (R), for backward
  Wide<T>* rstd;  // (R), for backward
  double eps;
};

template <class T>
struct LayerNormBackwardArgs {
  int64_t rows, channels;
  const T* x;
  const Wide<T>* weight;
  const Wide<T>* mean;
  const Wide<T>* rstd;
  const T* dy;
  T* dx;
  Wide<T>* dweight;
  Wide<T>* dbias;
};

namespace cpu {
template <class T>
void layer_norm(const LayerNormArgs<T>& args);
template <class T>
void layer_norm_backward(const LayerNormBackwardArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void layer_norm(const LayerNormArgs<T>& args);
template <class T>
void layer_norm_backward(const LayerNormBackwardArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels
