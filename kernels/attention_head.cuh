// Where the queries, keys and values of one head lie.
#pragma once

#include "kernels/attention.h"

namespace masktwins::kernels::cuda {

// One side of one head: element (row, channel) at data[row * stride + channel].
template <class T>
struct HeadRows {
  T* data;
  int64_t stride;
  int count;
};

template <class T>
struct Head {
  HeadRows<const T> q, k, v;
  int width, sample;
  int64_t channel, o_first;  // first channel of the head; first element of it in q and o

  __device__ Head(const AttentionShape& s, const T* q_data, const T* kv_data, int problem)
      : width(static_cast<int>(s.width)), sample(problem / static_cast<int>(s.heads)) {
    const int64_t channels = s.heads * s.width;
    channel = (problem - sample * s.heads) * s.width;
    o_first = sample * s.queries * channels + channel;
    q = {q_data + o_first, channels, static_cast<int>(s.queries)};
    k = {kv_data + sample * s.keys * 2 * channels + channel, 2 * channels, static_cast<int>(s.keys)};
    v = {k.data + channels, 2 * channels, static_cast<int>(s.keys)};
  }
};

}  // namespace masktwins::kernels::cuda
