// Threads for CPU kernels. Work is cut into chunks whose size does not depend on the number of threads,
// unless no result depends on the size, so a kernel that writes each chunk's result to its own place gives
// the same bits with 1, 2 or 16 threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace masktwins::kernels {

// Threads that kernels called from this thread may use, itself included. At first one per processor.
int thread_count();
// At least 1.
void set_thread_count(int threads);

// Calls run(context, chunk) once for each chunk in [0, chunks), on the calling thread and up to
// thread_count() - 1 others; returns when all are done. A call from inside another one, or while another
// thread's call is running, does all the work itself. Exceptions must not leave `run`.
void run_chunks(int64_t chunks, void (*run)(void* context, int64_t chunk), void* context);

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Calls body(begin, end) for consecutive ranges of at most `grain` items that together cover [0, count).
template <class Body>
void parallel_for(int64_t count, int64_t grain, Body&& body) {
  struct Context {
    int64_t count, grain;
    Body& body;
  } context{count, grain, body};
  run_chunks(
      ceil_div(count, grain),
      [](void* pointer, int64_t chunk) {
        Context& c = *static_cast<Context*>(pointer);
        c.body(chunk * c.grain, std::min(c.count, (chunk + 1) * c.grain));
      },
      &context);
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
