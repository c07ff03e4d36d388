// Version 4, tensor cores, for 16-bit elements: a warp multiplies 16 x 16 by 16 x 8 matrices with one
// instruction. While it does, copies of the next tiles run past the registers into a second pair of buffers.
// Rows of the tiles are swizzled, so that the 8 rows of a matrix lie in different banks.
#pragma once

#include "kernels/common/tensor_core.cuh"
#include "kernels/course/product.cuh"

namespace masktwins::kernels::cuda {

struct ProductV4 {
  static constexpr int side = 64;   // of C's tile
  static constexpr int depth = 32;  // of the tiles of A and B along k
  static constexpr int chunk = 8;   // elements of 16 bytes
  static constexpr int warps = 4;   // each computes a quarter of the tile
  static constexpr int threads = 32 * warps;
  static constexpr int row_of_sums = side + 8;  // floats: rows of finished sums in different banks

  template <class A, class B, class C>
  void operator()(const A& a, const B& b, const C& store, const ProductSize& size) const;
};

// A tile of one operand: rows of 32 elements along k (64 bytes), or of 64 elements along outer (128 bytes).
template <class Operand>
class TileV4 {
 public:
  using Element = typename Operand::Element;
  static constexpr int elements = ProductV4::side * ProductV4::depth;

  // The chunk that holds element (outer, k).
  __device__ static int place(int outer, int k) {
    constexpr int chunk = ProductV4::chunk;
    if constexpr (Operand::k_contiguous)
      return outer * ProductV4::depth + ((k / chunk) ^ (outer / 2 % 4)) * chunk;
    else return k * ProductV4::side + ((outer / chunk) ^ (k % 8)) * chunk;
  }

  // The A side of multiply_add: rows outer .. outer + 15, k .. k + 15.
  __device__ static void load_rows(unsigned (&matrices)[4], const Element* tile, int outer, int k) {
    const int lane = threadIdx.x % 32;
    if constexpr (Operand::k_contiguous)
      load_matrices(matrices, tile + place(outer + lane % 16, k + lane / 16 * 8));
    else
      load_matrices_transposed(matrices,
                               tile + place(outer + lane / 8 % 2 * 8, k + lane / 16 * 8 + lane % 8));
  }
  // The B side, for two products: columns outer .. outer + 7 (matrices 0 and 1) and the 8 after them.
  __device__ static void load_columns(unsigned (&matrices)[4], const Element* tile, int outer, int k) {
    const int lane = threadIdx.x % 32;
    if constexpr (Operand::k_contiguous)
      load_matrices(matrices, tile + place(outer + lane / 16 * 8 + lane % 8, k + lane / 8 % 2 * 8));
    else
      load_matrices_transposed(matrices,
                               tile + place(outer + lane / 16 * 8, k + lane / 8 % 2 * 8 + lane % 8));
  }
};

// One thread's share of filling a tile: two chunks of neighbours in memory.
template <class Operand>
class ChunksV4 {
 public:
  using Element = typename Operand::Element;

  __device__ ChunksV4(const Operand& operand, int first_outer) : first_outer_(first_outer) {
#pragma unroll
    for (int i = 0; i < 2; ++i) prepared_[i] = operand.prepare(first_outer + outer(i));
  }

  // Starts the copies of operand (first_k .. first_k + depth) into the tile.
  __device__ void copy(Element* tile, const Operand& operand, int first_k, int end_k) const {
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      const int at_k = first_k + k(i);
      Element* to = tile + TileV4<Operand>::place(outer(i), k(i));
      if (operand.packs) copy_async(to, at_k < end_k ? operand.at(prepared_[i], at_k) : nullptr);
      else copy_elements(to, operand, i, at_k, end_k);
    }
  }

 private:
  static constexpr int chunk = ProductV4::chunk;

  __device__ static int outer(int i) {
    const int thread = threadIdx.x;
    return Operand::k_contiguous ? thread / 4 + 32 * i : thread % 8 * chunk;
  }
  __device__ static int k(int i) {
    const int thread = threadIdx.x;
    return Operand::k_contiguous ? thread % 4 * chunk : thread / 8 + 16 * i;
  }

  // Where neighbours cannot be read as one.
  __device__ void copy_elements(Element* to, const Operand& operand, int i, int at_k, int end_k) const {
    alignas(16) Element elements[chunk];
#pragma unroll
    for (int j = 0; j < chunk; ++j) {
      const int element_k = Operand::k_contiguous ? at_k + j : at_k;
      const auto element_outer =
          Operand::k_contiguous ? prepared_[i] : operand.prepare(first_outer_ + outer(i) + j);
      const Element* p = element_k < end_k ? operand.at(element_outer, element_k) : nullptr;
      elements[j].bits = p == nullptr ? 0 : p->bits;
    }
    *reinterpret_cast<uint4*>(to) = *reinterpret_cast<const uint4*>(elements);
  }

  int first_outer_;
  typename Operand::Outer prepared_[2];
};

template <class A, class B, class C>
__global__ void __launch_bounds__(ProductV4::threads) product_v4_kernel(A a, B b, C store, ProductSize size) {
  constexpr int side = ProductV4::side, depth = ProductV4::depth, row_of_sums = ProductV4::row_of_sums;
  using Element = typename A::Element;
  if constexpr (has_tensor_cores) {
    // The finished sums take the place of the tiles.
    __shared__ alignas(128) union {
      struct {
        Element a[2][TileV4<A>::elements], b[2][TileV4<B>::elements];
      } tiles;
      float sums[side][row_of_sums];
    } shared;
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int warp_row = warp / 2 * 32, warp_column = warp % 2 * 32;
    const int first_row = static_cast<int>(blockIdx.x) * side;
    const int first_column = static_cast<int>(blockIdx.y) * side;
    const BlockShare share(size);
    a.select(share.batch);
    b.select(share.batch);
    const ChunksV4<A> a_chunks(a, first_row);
    const ChunksV4<B> b_chunks(b, first_column);
    const auto start_copies = [&](int buffer, int first_k) {
      a_chunks.copy(shared.tiles.a[buffer], a, first_k, share.end);
      b_chunks.copy(shared.tiles.b[buffer], b, first_k, share.end);
      end_copy_group();
    };

    float sums[2][4][4] = {};  // 2 x 4 products of 16 x 8
    if (share.begin < share.end) start_copies(0, share.begin);
    int buffer = 0;
    for (int first_k = share.begin; first_k < share.end; first_k += depth, buffer = 1 - buffer) {
      if (first_k + depth < share.end) {
        start_copies(1 - buffer, first_k + depth);
        wait_for_copies<1>();
      } else {
        wait_for_copies<0>();
      }
      __syncthreads();
#pragma unroll
      for (int k = 0; k < depth; k += 16) {
        unsigned a_matrices[2][4], b_matrices[2][4];
#pragma unroll
        for (int i = 0; i < 2; ++i) {
          TileV4<A>::load_rows(a_matrices[i], shared.tiles.a[buffer], warp_row + 16 * i, k);
          TileV4<B>::load_columns(b_matrices[i], shared.tiles.b[buffer], warp_column + 16 * i, k);
        }
#pragma unroll
        for (int i = 0; i < 2; ++i)
#pragma unroll
          for (int j = 0; j < 4; ++j)
            multiply_add<Element>(sums[i][j], a_matrices[i], b_matrices[j / 2][j % 2 * 2],
                                  b_matrices[j / 2][j % 2 * 2 + 1]);
      }
      __syncthreads();
    }

    // Through shared memory to rows of C, so that neighbouring threads write neighbouring elements.
#pragma unroll
    for (int i = 0; i < 2; ++i)
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        const int row = warp_row + 16 * i + lane / 4, column = warp_column + 8 * j + lane % 4 * 2;
        *reinterpret_cast<float2*>(&shared.sums[row][column]) = make_float2(sums[i][j][0], sums[i][j][1]);
        *reinterpret_cast<float2*>(&shared.sums[row + 8][column]) = make_float2(sums[i][j][2], sums[i][j][3]);
      }
    __syncthreads();
    for (int i = threadIdx.x; i < side * side / 4; i += ProductV4::threads) {
      const int row = i / (side / 4), column = i % (side / 4) * 4;
      const float4 four = *reinterpret_cast<const float4*>(&shared.sums[row][column]);
      const float values[4] = {four.x, four.y, four.z, four.w};
      store.put(blockIdx.z, first_row + row, first_column + column, values);
    }
  } else {
    __trap();
  }
}

template <class A, class B, class C>
void ProductV4::operator()(const A& a, const B& b, const C& store, const ProductSize& size) const {
  launch("product_v4", product_v4_kernel<A, B, C>, size.grid(side, side), threads)(a, b, store, size);
}

}  // namespace masktwins::kernels::cuda
