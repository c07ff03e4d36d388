// Vectors of the machine's native width, as compiler vector types: 8 floats with AVX2, 16 with AVX-512, 4
// without.
#pragma once

#include <cstdint>
#include <cstring>

namespace masktwins::kernels {

#if defined(__AVX512F__)
constexpr int vector_bytes = 64;
#elif defined(__AVX__)
constexpr int vector_bytes = 32;
#else
constexpr int vector_bytes = 16;
#endif

template <class T>
struct VecOf {
  typedef T type __attribute__((vector_size(vector_bytes)));
};

// Vec<float> a; a + b, a * 2.0f, a > b work lane by lane.
template <class T>
using Vec = typename VecOf<T>::type;

template <class T>
constexpr int lanes = vector_bytes / static_cast<int>(sizeof(T));

template <class T>
inline Vec<T> load(const T* p) {
  Vec<T> v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

template <class T>
inline void store(T* p, Vec<T> v) {
  std::memcpy(p, &v, sizeof v);
}

template <class T>
inline Vec<T> broadcast(T value) {
  return Vec<T>{} + value;
}

// The first `count` lanes from memory, zero in the others.
template <class T>
inline Vec<T> load_partial(const T* p, int64_t count) {
  if (count >= lanes<T>) return load(p);
  Vec<T> v{};
  std::memcpy(&v, p, static_cast<std::size_t>(count) * sizeof(T));
  return v;
}

// Writes the first `count` lanes only.
template <class T>
inline void store_partial(T* p, Vec<T> v, int64_t count) {
  if (count >= lanes<T>) return store(p, v);
  std::memcpy(p, &v, static_cast<std::size_t>(count) * sizeof(T));
}

template <class T>
inline T horizontal_sum(Vec<T> v) {
  T sum{};
  for (int i = 0; i < lanes<T>; ++i) sum += v[i];
  return sum;
}

}  // namespace masktwins::kernels
