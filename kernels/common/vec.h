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
constexpr int lanes = vector_bytes / static_cast<int>(sizeof(T));

template <class T, int count>
struct VecOf {
  typedef T type __attribute__((vector_size(count * sizeof(T))));
};

// Vec<float> a; a + b, a * 2.0f, a > b work lane by lane.
template <class T>
using Vec = typename VecOf<T, lanes<T>>::type;

// For rows that would leave half of a vector empty: processors work on twice as many of them.
template <class T>
using HalfVec = typename VecOf<T, lanes<T> / 2>::type;

// The lanes of either.
template <class V, class T>
inline V load_as(const T* p) {
  V v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

template <class T>
inline Vec<T> load(const T* p) {
  return load_as<Vec<T>>(p);
}

template <class T, class V>
inline void store(T* p, const V& v) {
  std::memcpy(p, &v, sizeof v);
}

// The value in every lane. x - 0 is x for every x, so compilers leave only the broadcast; 0 + x is not x for
// -0, so they would keep an addition.
template <class V, class T>
inline V broadcast_as(T value) {
  return value - V{};
}

template <class T>
inline Vec<T> broadcast(T value) {
  return broadcast_as<Vec<T>>(value);
}

// The first `count` lanes from memory, zero in the others.
template <class V, class T>
inline V load_partial_as(const T* p, int64_t count) {
  const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
  if (bytes >= sizeof(V)) return load_as<V>(p);
  V v{};
  std::memcpy(&v, p, bytes);
  return v;
}

template <class T>
inline Vec<T> load_partial(const T* p, int64_t count) {
  return load_partial_as<Vec<T>>(p, count);
}

// Writes the first `count` lanes only.
template <class T, class V>
inline void store_partial(T* p, const V& v, int64_t count) {
  const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
  if (bytes >= sizeof(V)) return store(p, v);
  std::memcpy(p, &v, bytes);
}

template <class T>
inline T horizontal_sum(Vec<T> v) {
  T sum{};
  for (int i = 0; i < lanes<T>; ++i) sum += v[i];
  return sum;
}

}  // namespace masktwins::kernels
