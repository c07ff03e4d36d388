// linear: y[r,o] = bias[o] + sum over c of x[r,c] * weight[o,c], a matrix product with PyTorch's weight
// (O,C). backward: dx = dy · weight, dweight = dy^T · x, dbias = sum over r of dy.
//
// Layout: x (R,C) and y (R,O) row-major, one row per token or pixel. Bytes: x, weight and y once.
// Flops: 2·R·C·O, and twice that backward.
//
// CUDA: where cuBLASLt is missing, each tile of y reads its rows of x and weight for itself, and backward
// adds partial sums of dweight (docs/kernels/gemm.md).
#pragma once

#include <cstdint>

namespace masktwins::kernels {

struct LinearShape {
  int64_t rows, in_channels, out_channels;
};

template <class T>
struct LinearArgs {
  LinearShape shape;
  const T* x;
  const T* weight;
  const T* bias;  // (O), or null
  T* y;
};

template <class T>
struct LinearBackwardDataArgs {
  LinearShape shape;
  const T* dy;
  const T* weight;
  T* dx;
};

template <class T>
struct LinearBackwardWeightArgs {
  LinearShape shape;
  const T* x;
  const T* dy;
  T* dweight;
  T* dbias;  // (O), or null
};

namespace cpu {
template <class T>
void linear(const LinearArgs<T>& args);
template <class T>
void linear_backward_data(const LinearBackwardDataArgs<T>& args);
template <class T>
void linear_backward_weight(const LinearBackwardWeightArgs<T>& args);
}  // namespace cpu

namespace cuda {
// float, bfloat16 and float16; deterministic.
template <class T>
void linear(const LinearArgs<T>& args);
template <class T>
void linear_backward_data(const LinearBackwardDataArgs<T>& args);
template <class T>
void linear_backward_weight(const LinearBackwardWeightArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels
