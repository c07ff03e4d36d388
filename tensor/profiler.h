// Where the time goes: per op calls, seconds, bytes and floating-point operations, as a table with the share
// of the measured roofline, and as a Chrome trace (chrome://tracing, ui.perfetto.dev).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/common/range.h"

namespace masktwins {

// Least bytes that must move and operations that must be done, as an op's contract states them.
struct Work {
  double bytes = 0;
  double flops = 0;
};

struct OpTotals {
  std::string op;
  int64_t calls = 0;
  double seconds = 0;
  Work work;
};

class Profiler {
 public:
  static bool enabled() { return enabled_; }
  static void start();
  static void stop();
  static std::vector<OpTotals> totals();  // slowest first
  static std::string trace();
  static void add(const char* op, std::chrono::steady_clock::time_point begin,
                  std::chrono::steady_clock::time_point end, const Work& work);

 private:
  static inline bool enabled_ = false;
};

// One op: a range for NVIDIA's tools, measured when the profiler runs. Otherwise it costs next to nothing.
class ProfileScope {
 public:
  ProfileScope(const char* op, const Work& work) : op_(op), work_(work), range_(op) {
    if (Profiler::enabled()) begin_ = std::chrono::steady_clock::now();
  }
  ~ProfileScope() {
    if (Profiler::enabled()) Profiler::add(op_, begin_, std::chrono::steady_clock::now(), work_);
  }
  ProfileScope(const ProfileScope&) = delete;
  ProfileScope& operator=(const ProfileScope&) = delete;

 private:
  const char* op_;
  Work work_;
  std::chrono::steady_clock::time_point begin_;
  [[no_unique_address]] kernels::Range range_;
};

// What this machine can do at most, measured once: multiply-adds in registers and a copy between large
// arrays.
struct Roofline {
  double flops_per_second;
  double bytes_per_second;
  // Seconds that `work` must take at least.
  double least_seconds(const Work& work) const;
};
const Roofline& measured_roofline();

// The table as text, one line per op.
std::string profile_table(const std::vector<OpTotals>& totals);

}  // namespace masktwins
