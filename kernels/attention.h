// attention: softmax attention of every query over all keys, head by head (Vaswani et al. 2017):
//   S = scale * Q K^T,  P = softmax over keys of S,  O = P V.
// The matrix of all queries by all keys never exists: a tile of query rows passes through the caches at a
// time, and backward computes P again from L = log of the softmax's denominator (Dao et al. 2022):
//   P = exp(S - L),  dV = P^T dO,  dP = dO V^T,  dS = P * (dP - rowsum(dO * O)),  dQ = scale dS K,
//   dK = scale dS^T Q.
//
// Layout: q, o (batch, queries, heads * width), kv (batch, keys, 2 * heads * width) with the keys of all
// heads before the values of all heads; a head's channels are consecutive. L is (batch, heads, queries).
// Bytes: q, kv and o once. Flops: 4·batch·queries·keys·heads·width, backward 2.5 times that.
// CUDA: each block of queries reads the keys again; backward reads both sides twice, adds slices of dkv;
// threads that share a row of scores meet in the banks of shared memory when they store them.
#pragma once

#include <cstdint>

#include "kernels/common/float16.h"

namespace masktwins::kernels {

struct AttentionShape {
  int64_t batch, queries, keys, heads, width;  // width: channels per head
};

template <class T>
struct AttentionArgs {
  AttentionShape shape;
  const T* q;
  const T* kv;
  T* o;
  Wide<T>* log_sum;  // L, for backward
  double scale;
};

template <class T>
struct AttentionBackwardArgs {
  AttentionShape shape;
  const T* q;
  const T* kv;
  const T* o;
  const Wide<T>* log_sum;
  const T* d_o;
  T* dq;
  T* dkv;
  double scale;
};

namespace cpu {
template <class T>
void attention(const AttentionArgs<T>& args);
template <class T>
void attention_backward(const AttentionBackwardArgs<T>& args);
}  // namespace cpu

namespace cuda {
// float, bfloat16 and float16; heads of at most 256 channels, fastest up to 64; deterministic.
constexpr int64_t most_head_channels = 256;
template <class T>
void attention(const AttentionArgs<T>& args);
template <class T>
void attention_backward(const AttentionBackwardArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels
