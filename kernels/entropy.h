// entropy: loss = mean over pixels of H = -sum_k p_k log p_k, p = softmax(z), in nats; the term that MinEnt
// minimises (Vu et al. 2019, equation 2, there divided by log K).
// With u = z - max z and s = sum_k exp(u_k): H = log s - sum_k p_k u_k.
// backward: dz_k = -dloss / pixels * p_k * (log p_k + H).
// Layout: logits (pixels, classes). Bytes: 1 read (backward: 1 read, 1 write). Flops: 8 per logit.
#pragma once

#include <cstdint>

#include "kernels/common/float16.h"

namespace masktwins::kernels {

template <class T>
struct EntropyArgs {
  int64_t pixels, classes;
  const T* logits;
  Wide<T>* loss;  // one element
};

template <class T>
struct EntropyBackwardArgs {
  int64_t pixels, classes;
  const T* logits;
  const Wide<T>* dloss;  // one element
  T* dlogits;
};

namespace cpu {
template <class T>
void entropy(const EntropyArgs<T>& args);
template <class T>
void entropy_backward(const EntropyBackwardArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void entropy(const EntropyArgs<T>& args);
template <class T>
void entropy_backward(const EntropyBackwardArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels
