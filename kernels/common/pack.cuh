// 16-byte accesses: one instruction moves 4 floats or 8 16-bit numbers per thread, which is what it takes to
// keep the memory of a GPU busy.
#pragma once

#include <cstdint>

#include "kernels/common/float16.h"

namespace masktwins::kernels::cuda {

template <class T>
constexpr int pack_size = 16 / static_cast<int>(sizeof(T));

template <class T>
struct alignas(16) Pack {
  T element[pack_size<T>];
};

template <class T>
__device__ __forceinline__ Pack<T> load_pack(const T* p) {
  Pack<T> pack;
  *reinterpret_cast<uint4*>(&pack) = *reinterpret_cast<const uint4*>(p);
  return pack;
}

template <class T>
__device__ __forceinline__ void store_pack(T* p, const Pack<T>& pack) {
  *reinterpret_cast<uint4*>(p) = *reinterpret_cast<const uint4*>(&pack);
}

// Whether packs may be read and written at all of these addresses.
template <class... P>
bool pack_aligned(const P*... p) {
  return ((reinterpret_cast<std::uintptr_t>(p) % 16 == 0) && ...);
}

}  // namespace masktwins::kernels::cuda
