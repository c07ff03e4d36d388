// The common ground of the course (docs/kernels/gemm.md, docs/kernels/conv.md): C = A · B, where A and B are
// read through operands and C is written through a store. A matrix product and the three passes of a
// convolution are the same product of different operands, so each version of the product serves them all.
//
// An operand gives elements by (outer, k): `outer` is the row of A or the column of B, k runs over the sum.
//   using Element;                           what memory holds
//   static constexpr bool k_contiguous;      neighbours in memory: along k, or along outer
//   Outer prepare(int outer);                what depends on outer alone, computed once per thread
//   const Element* at(Outer, int k);         null where the element counts as zero
//   bool packs;                              whether 4 (8 of 16 bits) neighbours can be read as one, from
//                                            multiples of that number on
//   void select(int batch);
#pragma once

#include <cstdint>
#include <limits>
#include <stdexcept>

#include "kernels/common/float16.h"
#include "kernels/common/launch.cuh"
#include "kernels/matmul.h"

namespace masktwins::kernels::cuda {

struct ProductSize {
  int m, n, k;
  int batch = 1;
  int splits = 1;       // of the sum over k, each by a block of its own
  int split_depth = k;  // terms of one split

  dim3 grid(int tile_rows, int tile_columns) const {
    return dim3(static_cast<unsigned>((m + tile_rows - 1) / tile_rows),
                static_cast<unsigned>((n + tile_columns - 1) / tile_columns),
                static_cast<unsigned>(batch * splits));
  }
};

inline int checked_int(int64_t value) {
  if (value > std::numeric_limits<int>::max())
    throw std::runtime_error("cuda: a product of size " + std::to_string(value) +
                             " is too large; use a smaller batch or crop");
  return static_cast<int>(value);
}

// The part of the sum that a block of the grid computes: [begin, end) of k, of one matrix of the batch.
struct BlockShare {
  int batch, begin, end;

  __device__ explicit BlockShare(const ProductSize& size)
      : batch(static_cast<int>(blockIdx.z) / size.splits),
        begin(static_cast<int>(blockIdx.z) % size.splits * size.split_depth),
        end(min(size.k, begin + size.split_depth)) {}
};

template <class Operand>
__device__ float element(const Operand& operand, typename Operand::Outer outer, int k) {
  const auto* p = operand.at(outer, k);
  return p == nullptr ? 0.0f : static_cast<float>(*p);
}

__device__ inline float gelu_tanh(float v) {
  const float inner = 0.7978845608f * (v + 0.044715f * v * v * v);
  return 0.5f * v * (1 + tanhf(inner));
}

// C in memory, row-major, with the bias and the activation on the way.
template <class T>
struct Store {
  T* data;
  int m, n;
  const T* bias;
  Activation activation;
  int64_t batch_stride;
  bool packs;  // rows of whole packs of 4, aligned

  __device__ float finished(float value, int column) const {
    if (bias != nullptr) value += static_cast<float>(bias[column]);
    return activation == Activation::gelu_tanh ? gelu_tanh(value) : value;
  }
  __device__ void put(int z, int row, int column, float value) const {
    if (row < m && column < n)
      data[z * batch_stride + int64_t{row} * n + column] = static_cast<T>(finished(value, column));
  }
  // Four neighbours of a row.
  __device__ void put(int z, int row, int column, const float (&values)[4]) const {
    if (!packs) {
      for (int i = 0; i < 4; ++i) put(z, row, column + i, values[i]);
      return;
    }
    if (row >= m || column >= n) return;
    struct alignas(4 * sizeof(T)) Four {
      T element[4];
    } four;
#pragma unroll
    for (int i = 0; i < 4; ++i) four.element[i] = static_cast<T>(finished(values[i], column + i));
    *reinterpret_cast<Four*>(data + z * batch_stride + int64_t{row} * n + column) = four;
  }
};

template <class T>
Store<T> make_store(T* data, int m, int n, const T* bias = nullptr, Activation activation = Activation::none,
                    int64_t batch_stride = 0) {
  const bool packs =
      n % 4 == 0 && batch_stride % 4 == 0 && reinterpret_cast<std::uintptr_t>(data) % (4 * sizeof(T)) == 0;
  return {data, m, n, bias, activation, batch_stride, packs};
}

// Sums the splits of a product in their order.
template <class T>
__global__ void __launch_bounds__(threads_per_block)
    add_splits_kernel(const float* partial, int splits, int64_t count, Store<T> store) {
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count;
       i += int64_t{gridDim.x} * blockDim.x) {
    float sum = 0;
    for (int split = 0; split < splits; ++split) sum += partial[split * count + i];
    store.put(0, static_cast<int>(i / store.n), static_cast<int>(i % store.n), sum);
  }
}

// Cuts a long sum into splits when C alone has too few tiles to fill a GPU: `product(a, b, store, size)` is
// one of the versions, `depth` what a split's length must be a multiple of. The number of splits depends on
// the shape alone, so that a repeated call repeats every bit.
template <class Product, class A, class B, class T>
void split_product(const Product& product, const A& a, const B& b, const Store<T>& store, ProductSize size) {
  constexpr int tile = 64, depth = 32, wanted_blocks = 256, least_terms = 256;
  const int64_t tiles = int64_t{(size.m + tile - 1) / tile} * ((size.n + tile - 1) / tile);
  const int most = size.k / least_terms;
  const int splits = static_cast<int>(std::min<int64_t>(most, wanted_blocks / std::max<int64_t>(1, tiles)));
  if (splits <= 1) return product(a, b, store, size);
  size.split_depth = ((size.k + splits - 1) / splits + depth - 1) / depth * depth;
  size.splits = (size.k + size.split_depth - 1) / size.split_depth;
  const int64_t count = int64_t{size.m} * size.n;
  const DeviceScratch<float> partial(size.splits * count);
  product(
      a, b,
      make_store(partial.data(), size.m, size.n, static_cast<const float*>(nullptr), Activation::none, count),
      size);
  launch("add_splits", add_splits_kernel<T>, blocks_for(count, threads_per_block), threads_per_block)(
      partial.data(), size.splits, count, store);
}

}  // namespace masktwins::kernels::cuda
