// Version 1, naive: a thread per element of C walks along its row of A and its column of B. Every element of
// A is read n times and every element of B m times.
#pragma once

#include "kernels/course/product.cuh"

namespace masktwins::kernels::cuda {

struct ProductV1 {
  static constexpr int side = 16;  // of a block of threads

  template <class A, class B, class C>
  void operator()(const A& a, const B& b, const C& store, const ProductSize& size) const;
};

template <class A, class B, class C>
__global__ void __launch_bounds__(ProductV1::side* ProductV1::side)
    product_v1_kernel(A a, B b, C store, ProductSize size) {
  const int row = static_cast<int>(blockIdx.x) * ProductV1::side + threadIdx.y;
  const int column = static_cast<int>(blockIdx.y) * ProductV1::side + threadIdx.x;
  const BlockShare share(size);
  a.select(share.batch);
  b.select(share.batch);
  const auto a_row = a.prepare(row);
  const auto b_column = b.prepare(column);
  float sum = 0;
  for (int k = share.begin; k < share.end; ++k) sum += element(a, a_row, k) * element(b, b_column, k);
  store.put(blockIdx.z, row, column, sum);
}

template <class A, class B, class C>
void ProductV1::operator()(const A& a, const B& b, const C& store, const ProductSize& size) const {
  launch("product_v1", product_v1_kernel<A, B, C>, size.grid(side, side), dim3(side, side))(a, b, store,
                                                                                            size);
}

}  // namespace masktwins::kernels::cuda
