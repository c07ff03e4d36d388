// Threads for CPU kernels. Work is cut into chunks whose size never depends on the number of threads, so a
// kernel that writes each chunk's result to its own place gives the same bits with 1, 2 or 16 threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>
#include <vector>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace masktwins::kernels {

inline int thread_count() {
#ifdef _OPENMP
  return omp_get_max_threads();
#else
  return 1;
#endif
}

// Index of the calling thread inside a parallel region, for per-thread scratch memory.
inline int thread_index() {
#ifdef _OPENMP
  return omp_get_thread_num();
#else
  return 0;
#endif
}

// Sets the number of threads that kernels called from this thread use.
inline void set_thread_count([[maybe_unused]] int threads) {
#ifdef _OPENMP
  omp_set_num_threads(threads);
#endif
}

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Calls body(begin, end) for consecutive ranges of at most `grain` items that together cover [0, count).
template <class Body>
void parallel_for(int64_t count, int64_t grain, Body&& body) {
  const int64_t chunks = ceil_div(count, grain);
  if (chunks <= 1) {
    if (count > 0) body(int64_t{0}, count);
    return;
  }
#pragma omp parallel for schedule(dynamic, 1)
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    body(chunk * grain, std::min(count, (chunk + 1) * grain));
  }
}

// Sum of body(begin, end) over fixed chunks, added in order of the chunks.
template <class T, class Body>
T parallel_sum(int64_t count, int64_t grain, Body&& body) {
  std::vector<T> partial(static_cast<std::size_t>(ceil_div(count, grain)), T{});
  parallel_for(count, grain, [&](int64_t begin, int64_t end) {
    partial[static_cast<std::size_t>(begin / grain)] = body(begin, end);
  });
  T total{};
  for (const T& value : partial) total += value;
  return total;
}

}  // namespace masktwins::kernels
