// gemm: C (+)= A·B on the CPU, the inner loop of convolutions and matrix products.
//
// A is M x K with any strides; B is packed into panels; C is row-major. Flops: 2·M·N·K. The order of
// additions along K is fixed, so the result does not depend on how M and N are split between threads.
//
// K may consist of segments that lie anywhere: the rows of the patch under a filter are such segments, so a
// convolution reads the image itself as A.
#pragma once

#include <cstdint>

#include "kernels/common/vec.h"

namespace masktwins::kernels::cpu {

// Columns of a full panel: two vectors. Panels are stored one after the other, each as K rows of its width.
template <class T>
constexpr int64_t panel_width = 2 * lanes<T>;

// Columns rounded up to whole vectors, or to half of one if they fit into that: the width that packed B, and
// scratch rows of C, are padded to with zeros.
template <class T>
constexpr int64_t padded_columns(int64_t columns) {
  if (columns > 0 && columns <= lanes<T> / 2) return lanes<T> / 2;
  return (columns + lanes<T> - 1) / lanes<T> * lanes<T>;
}

template <class T>
struct GemmArgs {
  int64_t m, n, k;  // n is as padded_columns makes it; k is the length of one segment
  const T* a;       // element (i, p) of segment s at a[a_offsets[s] + i * a_row + p * a_column]
  int64_t a_row, a_column;
  const T* b;  // panels, or plain rows when b_row > 0: element (p, j) at b[p * b_row + j]
  int64_t b_row = 0;
  int64_t segments = 1;
  const int64_t* a_offsets = nullptr;  // (segments), or null for one segment at 0
  const int64_t* b_offsets = nullptr;  // of plain rows; null if the segments follow each other
  T* c;                                // element (i, j) at c[i * c_row + j]
  int64_t c_row;
  const T* bias = nullptr;  // n elements that every row of C starts from, or null for 0
  bool accumulate = false;  // C += A·B instead of C = bias + A·B
};

// Single-threaded: callers split M or N.
template <class T>
void gemm(const GemmArgs<T>& args);

// Packs B, given by element (p, j) = b[p * row + j * column], into zero-padded panels of k *
// padded_columns(n).
template <class T>
void pack_panels(int64_t k, int64_t n, const T* b, int64_t row, int64_t column, T* packed);

}  // namespace masktwins::kernels::cpu
