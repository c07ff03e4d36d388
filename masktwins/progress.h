// What a long command shows while it works: one line that rewrites itself on a terminal, plain lines in a
// file or a pipe.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace masktwins {

// "45 s", "3 min 20 s", "5 h 12 min", "2 d 3 h".
std::string duration_text(double seconds);

class Progress {
 public:
  using Clock = std::chrono::steady_clock;
  using Values = std::vector<std::pair<std::string, double>>;  // shown with four significant digits

  struct Options {
    std::FILE* out = stderr;
    std::string title = {};        // before the numbers
    int64_t first = 0, total = 0;  // steps done before, steps in all
    int64_t images_per_step = 1;
    int64_t plain_every = 1;  // steps per line where there is no terminal
  };

  explicit Progress(const Options& options, Clock::time_point now = Clock::now());
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Steps 1 to `done` are finished.
  void update(int64_t done, const Values& values, Clock::time_point now = Clock::now());
  // A line that stays.
  void say(const std::string& line);

  // Seconds per step lately; 0 before the first.
  double seconds_per_step() const { return seconds_per_step_; }

 private:
  std::string line(int64_t done, const Values& values) const;
  void clear_line();

  Options options_;
  bool terminal_;
  Clock::time_point last_update_, last_drawn_;
  double seconds_per_step_ = 0;
  bool line_open_ = false;
};

}  // namespace masktwins
