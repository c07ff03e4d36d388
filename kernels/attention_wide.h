// Attention of heads with more than 64 channels, up to most_head_channels: their rows pass through shared
// memory in slices of channels.
#pragma once

#include "kernels/attention.h"

namespace masktwins::kernels::cuda {

template <class T>
void attention_wide(const AttentionArgs<T>& args);

// inner (batch, heads, queries): sum over a head's channels of dO * O. Writes args.dq, and for each `slice`
// queries a copy of dkv in float to `partial`, to be summed.
template <class T>
void attention_backward_wide(const AttentionBackwardArgs<T>& args, const float* inner, int slice,
                             float* partial);

}  // namespace masktwins::kernels::cuda
