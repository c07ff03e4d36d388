#include "tensor/profiler.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <mutex>

#include "kernels/common/parallel.h"
#include "kernels/roofline.h"
#include "tensor/check.h"

namespace masktwins {
namespace {

using Clock = std::chrono::steady_clock;

struct Event {
  const char* op;
  Clock::time_point begin, end;
};

constexpr std::size_t most_events = 1 << 20;

std::mutex mutex;
std::map<std::string, OpTotals> by_op;
std::vector<Event> events;

double seconds_between(Clock::time_point a, Clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

}  // namespace

void Profiler::start() {
  const std::lock_guard lock(mutex);
  by_op.clear();
  events.clear();
  enabled_ = true;
}

void Profiler::stop() { enabled_ = false; }

void Profiler::add(const char* op, Clock::time_point begin, Clock::time_point end, const Work& work) {
  const std::lock_guard lock(mutex);
  OpTotals& totals = by_op[op];
  totals.op = op;
  ++totals.calls;
  totals.seconds += seconds_between(begin, end);
  totals.work.bytes += work.bytes;
  totals.work.flops += work.flops;
  if (events.size() < most_events) events.push_back({op, begin, end});
}

std::vector<OpTotals> Profiler::totals() {
  const std::lock_guard lock(mutex);
  std::vector<OpTotals> result;
  for (const auto& [name, totals] : by_op) result.push_back(totals);
  std::sort(result.begin(), result.end(),
            [](const OpTotals& a, const OpTotals& b) { return a.seconds > b.seconds; });
  return result;
}

void Profiler::write_trace(const std::string& path) {
  const std::lock_guard lock(mutex);
  std::FILE* file = std::fopen(path.c_str(), "w");
  require(file != nullptr, "trace: cannot write ", path, "; check that the folder exists and is writable");
  std::fputs("{\"traceEvents\":[", file);
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Event& event = events[i];
    std::fprintf(file, "%s\n{\"name\":\"%s\",\"ph\":\"X\",\"pid\":1,\"tid\":1,\"ts\":%.3f,\"dur\":%.3f}",
                 i ? "," : "", event.op, seconds_between(events[0].begin, event.begin) * 1e6,
                 seconds_between(event.begin, event.end) * 1e6);
  }
  std::fputs("\n]}\n", file);
  require(std::fclose(file) == 0, "trace: writing ", path, " failed; is the disk full?");
}

double Roofline::least_seconds(const Work& work) const {
  return std::max(work.flops / flops_per_second, work.bytes / bytes_per_second);
}

const Roofline& measured_roofline() {
  static const Roofline roofline{kernels::measure_flops_per_second(), kernels::measure_bytes_per_second()};
  return roofline;
}

std::string profile_table(const std::vector<OpTotals>& totals) {
  double all = 0;
  for (const OpTotals& op : totals) all += op.seconds;
  const Roofline& roofline = measured_roofline();
  std::string table = "op                              calls   seconds  share    GB/s  GFLOP/s  roofline\n";
  char line[160];
  for (const OpTotals& op : totals) {
    std::snprintf(line, sizeof line, "%-30s %6lld %9.3f  %4.0f%% %7.1f %8.1f    %4.0f%%\n", op.op.c_str(),
                  static_cast<long long>(op.calls), op.seconds, 100 * op.seconds / all,
                  op.work.bytes / op.seconds * 1e-9, op.work.flops / op.seconds * 1e-9,
                  100 * roofline.least_seconds(op.work) / op.seconds);
    table += line;
  }
  return table;
}

}  // namespace masktwins
