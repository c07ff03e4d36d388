// Ctrl-C and kill: the first asks the run to finish its step and save, the second ends the program at once.
#pragma once

#include <csignal>
#include <stdexcept>

namespace masktwins {

// Thrown by a command that a signal stopped, after it has saved what there was to save: not an error, but not
// finished either. The program prints what() and exits 130.
struct Stopped : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Catches SIGINT and SIGTERM while it lives. At most one at a time.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  static bool stop_requested();

 private:
  struct sigaction interrupt_before_, terminate_before_;
};

}  // namespace masktwins
