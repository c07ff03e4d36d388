// add_bias: y[row, c] += bias[c]; y (rows, channels). Bytes: y read and written once.
//
// At most 2^31 - 1 elements, as the tensors of cuDNN. For library calls that do not add a bias themselves. On
// the CPU the kernels start their sums from it.
#pragma once

#include <cstdint>

namespace masktwins::kernels {

template <class T>
struct AddBiasArgs {
  T* y;
  const T* bias;
  int64_t rows, channels;
};

namespace cuda {
template <class T>
void add_bias(const AddBiasArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels
