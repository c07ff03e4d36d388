// Times on the device, by events on the engine's stream: to take one costs the host a call and waits for
// nothing.
#pragma once

#include <memory>
#include <vector>

namespace masktwins::kernels::cuda {

class EventClock {
 public:
  EventClock();  // takes the first time
  ~EventClock();
  EventClock(const EventClock&) = delete;
  EventClock& operator=(const EventClock&) = delete;

  // The time at which the device will have done what is queued by now.
  void mark();
  // Seconds between consecutive marks; the last one begins the next call's. Waits for the device.
  std::vector<double> take_intervals();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace masktwins::kernels::cuda
