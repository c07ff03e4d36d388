#include "kernels/roofline.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "kernels/common/parallel.h"
#include "kernels/common/vec.h"

namespace masktwins::kernels {
namespace {

using Clock = std::chrono::steady_clock;

// Best of several runs: other programs can only slow one down.
template <class Body>
double best_seconds(int runs, Body&& body) {
  double best = 1e9;
  for (int run = 0; run < runs; ++run) {
    const auto begin = Clock::now();
    body();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - begin).count());
  }
  return best;
}

}  // namespace

double measure_flops_per_second() {
  constexpr int accumulators = 12;
  constexpr int64_t rounds = 1 << 20;
  const int threads = thread_count();
  std::vector<float> sink(static_cast<std::size_t>(threads));
  const double seconds = best_seconds(5, [&] {
    parallel_for(threads, 1, [&](int64_t thread, int64_t) {
      Vec<float> sum[accumulators];
      for (int i = 0; i < accumulators; ++i)
        sum[i] = broadcast(static_cast<float>(i));  // else the compiler merges them
      Vec<float> a = broadcast(1.0f), b = broadcast(1e-9f);
      for (int64_t i = 0; i < rounds; ++i) {
        asm volatile("" : "+x"(a), "+x"(b));
        for (Vec<float>& s : sum) s = s * a + b;
      }
      for (const Vec<float>& s : sum) sink[static_cast<std::size_t>(thread)] += horizontal_sum<float>(s);
    });
  });
  return 2.0 * lanes<float> * accumulators * static_cast<double>(rounds) * threads / seconds;
}

double measure_bytes_per_second() {
  constexpr int64_t count = 32 << 20;
  std::vector<float> x(count, 1.0f), y(count, 0.0f);
  const double seconds = best_seconds(5, [&] {
    parallel_for(count, count / (4 * thread_count()), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        y[static_cast<std::size_t>(i)] = 1.5f * x[static_cast<std::size_t>(i)];
    });
  });
  return 2.0 * sizeof(float) * static_cast<double>(count) / seconds;
}

}  // namespace masktwins::kernels
