// convert: y[i] = x[i] in another floating type, rounded to nearest. Bytes: 1 read of x's, 1 write of y's. On
// the CPU a loop in Tensor::to does it.
#pragma once

#include <cstdint>

namespace masktwins::kernels {

template <class From, class To>
struct ConvertArgs {
  const From* x;
  To* y;
  int64_t count;
};

namespace cuda {
// Between float, bfloat16 and float16.
template <class From, class To>
void convert(const ConvertArgs<From, To>& args);
}  // namespace cuda

}  // namespace masktwins::kernels
