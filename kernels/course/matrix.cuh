// A matrix in memory as an operand, and a matrix product as a product of two of them.
#pragma once

#include "kernels/common/pack.cuh"
#include "kernels/course/product.cuh"

namespace masktwins::kernels::cuda {

// Element (outer, k) at data[outer * leading + k], or, if outer is contiguous, at data[k * leading + outer].
template <class T, bool along_k>
struct Matrix {
  using Element = T;
  using Outer = int;
  static constexpr bool k_contiguous = along_k;

  const T* data;
  int outer_count, k_count;
  int64_t leading;
  bool packs;
  int64_t batch_stride;

  __device__ void select(int batch) { data += batch * batch_stride; }
  __device__ Outer prepare(int outer) const { return outer; }
  __device__ const T* at(Outer outer, int k) const {
    if (outer >= outer_count || k >= k_count) return nullptr;
    return data + (along_k ? outer * leading + k : k * leading + outer);
  }
};

template <bool along_k, class T>
Matrix<T, along_k> make_matrix(const T* data, int outer_count, int k_count, int64_t batch_stride = 0) {
  const int leading = along_k ? k_count : outer_count;
  const bool packs = leading % pack_size<T> == 0 && batch_stride % pack_size<T> == 0 && pack_aligned(data);
  return {data, outer_count, k_count, leading, packs, batch_stride};
}

// Calls product(a, b, store, size) with the operands of a matrix product. Of the four combinations of
// transposed matrices nothing needs the one where both are.
template <class T, class Product>
void matmul_by(const MatmulArgs<T>& args, const Product& product) {
  const ProductSize size{.m = checked_int(args.m),
                         .n = checked_int(args.n),
                         .k = checked_int(args.k),
                         .batch = checked_int(args.batch)};
  const auto store = make_store(args.c, size.m, size.n, args.bias, args.activation, args.c_stride);
  const auto multiply = [&](const auto& a, const auto& b) {
    if (size.batch == 1) split_product(product, a, b, store, size);
    else product(a, b, store, size);
  };
  const auto rows = make_matrix<true>(args.a, size.m, size.k, args.a_stride);
  const auto columns = make_matrix<false>(args.b, size.n, size.k, args.b_stride);
  if (args.a_transposed && args.b_transposed)
    throw std::runtime_error("cuda: matmul: at most one of the matrices may be transposed");
  if (args.a_transposed) multiply(make_matrix<false>(args.a, size.m, size.k, args.a_stride), columns);
  else if (args.b_transposed) multiply(rows, make_matrix<true>(args.b, size.n, size.k, args.b_stride));
  else multiply(rows, columns);
}

}  // namespace masktwins::kernels::cuda
