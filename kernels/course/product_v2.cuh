// Version 2, tiles in shared memory: a block of threads computes a tile of C; tiles of A and B are read
// together, once, and used `side` times each. Global memory is asked for `side` times less than by version 1.
#pragma once

#include "kernels/course/product.cuh"

namespace masktwins::kernels::cuda {

struct ProductV2 {
  static constexpr int side = 16;  // of the tiles of A, B and C

  template <class A, class B, class C>
  void operator()(const A& a, const B& b, const C& store, const ProductSize& size) const;
};

// tile[k][outer]. Neighbouring threads read neighbouring elements, along k or along outer; the odd width of a
// row keeps the writes along k out of each other's banks.
using TileV2 = float[ProductV2::side][ProductV2::side + 1];

template <class Operand>
__device__ void fill_tile(TileV2& tile, const Operand& operand, int first_outer, int first_k, int end_k) {
  const int along = threadIdx.x, across = threadIdx.y;
  const int outer = Operand::k_contiguous ? across : along, k = Operand::k_contiguous ? along : across;
  tile[k][outer] =
      first_k + k < end_k ? element(operand, operand.prepare(first_outer + outer), first_k + k) : 0.0f;
}

template <class A, class B, class C>
__global__ void __launch_bounds__(ProductV2::side* ProductV2::side)
    product_v2_kernel(A a, B b, C store, ProductSize size) {
  constexpr int side = ProductV2::side;
  __shared__ TileV2 a_tile, b_tile;
  const int first_row = static_cast<int>(blockIdx.x) * side,
            first_column = static_cast<int>(blockIdx.y) * side;
  const BlockShare share(size);
  a.select(share.batch);
  b.select(share.batch);
  float sum = 0;
  for (int first_k = share.begin; first_k < share.end; first_k += side) {
    fill_tile(a_tile, a, first_row, first_k, share.end);
    fill_tile(b_tile, b, first_column, first_k, share.end);
    __syncthreads();
#pragma unroll
    for (int k = 0; k < side; ++k) sum += a_tile[k][threadIdx.y] * b_tile[k][threadIdx.x];
    __syncthreads();
  }
  store.put(blockIdx.z, first_row + static_cast<int>(threadIdx.y),
            first_column + static_cast<int>(threadIdx.x), sum);
}

template <class A, class B, class C>
void ProductV2::operator()(const A& a, const B& b, const C& store, const ProductSize& size) const {
  launch("product_v2", product_v2_kernel<A, B, C>, size.grid(side, side), dim3(side, side))(a, b, store,
                                                                                            size);
}

}  // namespace masktwins::kernels::cuda
