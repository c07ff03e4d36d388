// apply_mask: view_k[n,i,j,c] = x[n,i,j,c] where index[n,i,j] = k, else 0: all views of a partition in one
// pass over x. The views of a partition add up to x exactly (section 1). Bytes: x and index once, every view
// once. Flops: none.
#pragma once

#include <cstdint>

namespace masktwins::kernels {

template <class T>
struct ApplyMaskArgs {
  int64_t pixels, channels, views;
  const T* x;            // (pixels, channels)
  const uint8_t* index;  // (pixels)
  T* const* view;        // `views` arrays like x; view k shows index first + k
  uint8_t first;
};

namespace cpu {
template <class T>
void apply_mask(const ApplyMaskArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void apply_mask(const ApplyMaskArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels
