// Attention of 16-bit elements by tensor cores, for heads of 16, 32 or 64 channels, aligned to 16 bytes.
//
// Each returns false, and does nothing, where this does not hold, or the device has no such instructions.
#pragma once

#include "kernels/attention.h"

namespace masktwins::kernels::cuda {

template <class T>
bool attention_tensor_cores(const AttentionArgs<T>& args);

// inner (batch, heads, queries): sum over a head's channels of dO * O. Writes args.dq, and for each `slice`
// queries a copy of dkv in float to `partial`, to be summed.
template <class T>
bool attention_backward_tensor_cores(const AttentionBackwardArgs<T>& args, const float* inner, int slice,
                                     float* partial);

}  // namespace masktwins::kernels::cuda
