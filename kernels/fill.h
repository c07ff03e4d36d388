// fill: y[i] = value. Bytes: 1 write. On the CPU std::fill_n does it.
#pragma once

#include <cstdint>

namespace masktwins::kernels {

template <class T>
struct FillArgs {
  T value;
  T* y;
  int64_t count;
};

namespace cuda {
template <class T>
void fill(const FillArgs<T>& args);  // every dtype
}  // namespace cuda

}  // namespace masktwins::kernels
