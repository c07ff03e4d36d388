// 16-byte accesses: one instruction moves 4 floats or 8 16-bit numbers per thread, which is what it takes to
// keep the memory of a GPU busy.
#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/common/float16.h"

namespace masktwins::kernels::cuda {

template <class T>
constexpr int pack_size = 16 / static_cast<int>(sizeof(T));

// Neighbouring elements that one instruction moves: 1, 2, 4, 8 or 16 bytes.
template <class T, int n>
struct alignas(n * sizeof(T)) Vector {
  T element[n];
};

template <class T>
using Pack = Vector<T, pack_size<T>>;

// The unsigned type of that many bytes, which the compiler moves in one piece.
template <std::size_t bytes>
using Word = std::conditional_t<
    bytes == 16, uint4,
    std::conditional_t<
        bytes == 8, uint2,
        std::conditional_t<bytes == 4, uint32_t, std::conditional_t<bytes == 2, uint16_t, uint8_t>>>>;

template <int n, class T>
__device__ __forceinline__ Vector<T, n> load_vector(const T* p) {
  using Bits = Word<n * sizeof(T)>;
  Vector<T, n> vector;
  *reinterpret_cast<Bits*>(&vector) = *reinterpret_cast<const Bits*>(p);
  return vector;
}

template <int n, class T>
__device__ __forceinline__ void store_vector(T* p, const Vector<T, n>& vector) {
  using Bits = Word<n * sizeof(T)>;
  *reinterpret_cast<Bits*>(p) = *reinterpret_cast<const Bits*>(&vector);
}

template <class T>
__device__ __forceinline__ Pack<T> load_pack(const T* p) {
  return load_vector<pack_size<T>>(p);
}

template <class T>
__device__ __forceinline__ void store_pack(T* p, const Pack<T>& pack) {
  store_vector(p, pack);
}

// Whether packs may be read and written at all of these addresses.
template <class... P>
bool pack_aligned(const P*... p) {
  return ((reinterpret_cast<std::uintptr_t>(p) % 16 == 0) && ...);
}

}  // namespace masktwins::kernels::cuda
