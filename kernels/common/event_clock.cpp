#include "kernels/common/event_clock.h"

#include "kernels/common/stream.h"

namespace masktwins::kernels::cuda {
namespace {

struct Destroy {
  void operator()(cudaEvent_t event) const { cudaEventDestroy(event); }
};
using Event = std::unique_ptr<std::remove_pointer_t<cudaEvent_t>, Destroy>;

}  // namespace

struct EventClock::State {
  std::vector<Event> marks;
};

EventClock::EventClock() : state_(std::make_unique<State>()) { mark(); }
EventClock::~EventClock() = default;

void EventClock::mark() {
  cudaEvent_t event = nullptr;
  check(cudaEventCreate(&event), "cudaEventCreate");
  state_->marks.emplace_back(event);
  check(cudaEventRecord(event, stream()), "cudaEventRecord");
}

std::vector<double> EventClock::take_intervals() {
  std::vector<Event>& marks = state_->marks;
  check(cudaEventSynchronize(marks.back().get()), "waiting for the device");
  std::vector<double> seconds;
  for (std::size_t i = 1; i < marks.size(); ++i) {
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, marks[i - 1].get(), marks[i].get()), "cudaEventElapsedTime");
    seconds.push_back(1e-3 * static_cast<double>(milliseconds));
  }
  marks.erase(marks.begin(), marks.end() - 1);
  return seconds;
}

}  // namespace masktwins::kernels::cuda
