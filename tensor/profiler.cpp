#include "tensor/profiler.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>

#include "kernels/common/event_clock.h"
#include "kernels/common/parallel.h"
#include "kernels/roofline.h"
#include "tensor/check.h"
#include "tensor/device_profile.h"
#include "tensor/dispatch.h"

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

// On CUDA: ops whose times the device has not told yet, one per mark of the clock.
struct Waiting {
  const char* op;
  OpTotals* totals;
};
std::shared_ptr<kernels::cuda::EventClock> device_clock;  // null: the host's clock
std::vector<Waiting> waiting;
Clock::time_point device_time;  // the end of the last op that was read, from the start of the profile

double seconds_between(Clock::time_point a, Clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

void add_time(const char* op, OpTotals& totals, Clock::time_point begin, Clock::time_point end) {
  totals.seconds += seconds_between(begin, end);
  if (events.size() < most_events) events.push_back({op, begin, end});
}

void read_device_clock() {
  if constexpr (built_with_cuda) {
    if (!device_clock) return;
    const std::vector<double> seconds = device_clock->take_intervals();
    for (std::size_t i = 0; i < seconds.size(); ++i) {
      const auto begin = device_time;
      device_time += std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds[i]));
      add_time(waiting[i].op, *waiting[i].totals, begin, device_time);
    }
    waiting.clear();
  }
}

}  // namespace

void start_profiler(Device device) {
  Profiler::start();
  if constexpr (built_with_cuda)
    if (device == Device::cuda) device_clock = std::make_shared<kernels::cuda::EventClock>();
}

void Profiler::start() {
  const std::lock_guard lock(mutex);
  by_op.clear();
  events.clear();
  waiting.clear();
  device_clock.reset();
  device_time = Clock::time_point();
  enabled_ = true;
}

void Profiler::stop() { enabled_ = false; }

void Profiler::add(const char* op, Clock::time_point begin, Clock::time_point end, const Work& work) {
  const std::lock_guard lock(mutex);
  OpTotals& totals = by_op[op];
  totals.op = op;
  ++totals.calls;
  totals.work.bytes += work.bytes;
  totals.work.flops += work.flops;
  if (!device_clock) return add_time(op, totals, begin, end);
  if constexpr (built_with_cuda) device_clock->mark();
  waiting.push_back({op, &totals});
}

std::vector<OpTotals> Profiler::totals() {
  const std::lock_guard lock(mutex);
  read_device_clock();
  std::vector<OpTotals> result;
  for (const auto& [name, totals] : by_op) result.push_back(totals);
  std::sort(result.begin(), result.end(),
            [](const OpTotals& a, const OpTotals& b) { return a.seconds > b.seconds; });
  return result;
}

std::string Profiler::trace() {
  const std::lock_guard lock(mutex);
  read_device_clock();
  std::string text = "{\"traceEvents\":[";
  char line[200];
  for (const Event& event : events) {
    std::snprintf(
        line, sizeof line, "%s\n{\"name\":\"%s\",\"ph\":\"X\",\"pid\":1,\"tid\":1,\"ts\":%.3f,\"dur\":%.3f}",
        &event == events.data() ? "" : ",", event.op, seconds_between(events[0].begin, event.begin) * 1e6,
        seconds_between(event.begin, event.end) * 1e6);
    text += line;
  }
  return text + "\n]}\n";
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
  const bool on_host = !device_clock;  // only the processor's roofline was measured
  std::string table = "op                              calls   seconds  share    GB/s  GFLOP/s";
  table += on_host ? "  roofline\n" : "\n";
  char line[160];
  for (const OpTotals& op : totals) {
    std::snprintf(line, sizeof line, "%-30s %6lld %9.3f  %4.0f%% %7.1f %8.1f", op.op.c_str(),
                  static_cast<long long>(op.calls), op.seconds, 100 * op.seconds / all,
                  op.work.bytes / op.seconds * 1e-9, op.work.flops / op.seconds * 1e-9);
    table += line;
    if (on_host) {
      std::snprintf(line, sizeof line, "    %4.0f%%",
                    100 * measured_roofline().least_seconds(op.work) / op.seconds);
      table += line;
    }
    table += '\n';
  }
  return table;
}

}  // namespace masktwins
