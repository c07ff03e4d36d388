// Version 3, tiles in registers: a thread computes 4 x 4 elements of C, so that each number it reads from
// shared memory serves 4 products instead of 1. Global memory is read 4 elements at once, one tile ahead of
// the arithmetic. The version for float; 16-bit elements work, too (GPUs before compute capability 8.0).
#pragma once

#include "kernels/course/product.cuh"

namespace masktwins::kernels::cuda {

struct ProductV3 {
  static constexpr int side = 64;   // of C's tile
  static constexpr int depth = 16;  // of the tiles of A and B along k
  static constexpr int four = 4;
  static constexpr int threads = side / four * (side / four);

  template <class A, class B, class C>
  void operator()(const A& a, const B& b, const C& store, const ProductSize& size) const;
};

// tile[k][outer ^ swizzle(k)]: writes along k then meet different banks, and 4 neighbours stay neighbours.
using TileV3 = float[ProductV3::depth][ProductV3::side];
__device__ inline int swizzle_v3(int k) { return k / 4 % 4 * 8; }

// One thread's share of a tile: 4 neighbours in memory.
template <class Operand>
class FourV3 {
 public:
  using Element = typename Operand::Element;

  __device__ FourV3(const Operand& operand, int first_outer)
      : k_(Operand::k_contiguous ? static_cast<int>(threadIdx.x) % 4 * 4
                                 : static_cast<int>(threadIdx.x) / 16),
        outer_(Operand::k_contiguous ? static_cast<int>(threadIdx.x) / 4
                                     : static_cast<int>(threadIdx.x) % 16 * 4),
        first_outer_(first_outer),
        prepared_(operand.prepare(first_outer + outer_)) {}

  __device__ void read(const Operand& operand, int first_k, int end_k) {
    const int k = first_k + k_;
    if (operand.packs && (!Operand::k_contiguous || k + 4 <= end_k)) {
      struct alignas(4 * sizeof(Element)) Four {
        Element element[4];
      };
      const Element* p = k < end_k ? operand.at(prepared_, k) : nullptr;
      if (p != nullptr) {
        const Four four = *reinterpret_cast<const Four*>(p);
#pragma unroll
        for (int i = 0; i < 4; ++i) values_[i] = static_cast<float>(four.element[i]);
      } else {
#pragma unroll
        for (int i = 0; i < 4; ++i) values_[i] = 0;
      }
      return;
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int at_k = Operand::k_contiguous ? k + i : k;
      const auto outer = Operand::k_contiguous ? prepared_ : operand.prepare(first_outer_ + outer_ + i);
      values_[i] = at_k < end_k ? element(operand, outer, at_k) : 0.0f;
    }
  }

  __device__ void write(TileV3& tile) const {
    if constexpr (Operand::k_contiguous) {
#pragma unroll
      for (int i = 0; i < 4; ++i) tile[k_ + i][outer_ ^ swizzle_v3(k_)] = values_[i];
    } else {
      *reinterpret_cast<float4*>(&tile[k_][outer_ ^ swizzle_v3(k_)]) =
          make_float4(values_[0], values_[1], values_[2], values_[3]);
    }
  }

 private:
  int k_, outer_, first_outer_;
  typename Operand::Outer prepared_;
  float values_[4];
};

template <class A, class B, class C>
__global__ void __launch_bounds__(ProductV3::threads) product_v3_kernel(A a, B b, C store, ProductSize size) {
  constexpr int side = ProductV3::side, depth = ProductV3::depth;
  __shared__ alignas(16) TileV3 a_tile, b_tile;
  const int first_row = static_cast<int>(blockIdx.x) * side,
            first_column = static_cast<int>(blockIdx.y) * side;
  const int row = static_cast<int>(threadIdx.x) / 16 * 4, column = static_cast<int>(threadIdx.x) % 16 * 4;
  const BlockShare share(size);
  a.select(share.batch);
  b.select(share.batch);
  FourV3<A> a_four(a, first_row);
  FourV3<B> b_four(b, first_column);
  float sums[4][4] = {};
  a_four.read(a, share.begin, share.end);
  b_four.read(b, share.begin, share.end);
  for (int first_k = share.begin; first_k < share.end; first_k += depth) {
    a_four.write(a_tile);
    b_four.write(b_tile);
    __syncthreads();
    if (first_k + depth < share.end) {
      a_four.read(a, first_k + depth, share.end);
      b_four.read(b, first_k + depth, share.end);
    }
#pragma unroll
    for (int k = 0; k < depth; ++k) {
      const float4 u = *reinterpret_cast<const float4*>(&a_tile[k][row ^ swizzle_v3(k)]);
      const float4 v = *reinterpret_cast<const float4*>(&b_tile[k][column ^ swizzle_v3(k)]);
      const float us[4] = {u.x, u.y, u.z, u.w}, vs[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
      for (int i = 0; i < 4; ++i)
#pragma unroll
        for (int j = 0; j < 4; ++j) sums[i][j] += us[i] * vs[j];
    }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < 4; ++i) store.put(blockIdx.z, first_row + row + i, first_column + column, sums[i]);
}

template <class A, class B, class C>
void ProductV3::operator()(const A& a, const B& b, const C& store, const ProductSize& size) const {
  launch("product_v3", product_v3_kernel<A, B, C>, size.grid(side, side), threads)(a, b, store, size);
}

}  // namespace masktwins::kernels::cuda
