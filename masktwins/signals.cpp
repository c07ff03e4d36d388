#include "masktwins/signals.h"

#include <unistd.h>

namespace masktwins {
namespace {

volatile std::sig_atomic_t requested = 0;

void on_signal(int signal) {
  // Only calls that are safe inside a signal handler.
  if (requested) _exit(128 + signal);
  requested = 1;
}

}  // namespace

StopSignals::StopSignals() {
  requested = 0;
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;  // reads and writes under way go on
  sigaction(SIGINT, &action, &interrupt_before_);
  sigaction(SIGTERM, &action, &terminate_before_);
}

StopSignals::~StopSignals() {
  sigaction(SIGINT, &interrupt_before_, nullptr);
  sigaction(SIGTERM, &terminate_before_, nullptr);
}

bool StopSignals::stop_requested() { return requested != 0; }

}  // namespace masktwins
