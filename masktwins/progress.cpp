#include "masktwins/progress.h"

#include <unistd.h>

#include <cmath>

namespace masktwins {
namespace {

// Weight of the newest step in the average: the estimate follows the last twenty steps or so.
constexpr double newest_weight = 0.05;
constexpr double least_seconds_between_draws = 0.1;

double seconds_between(Progress::Clock::time_point a, Progress::Clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

std::string with_digits(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

}  // namespace

std::string duration_text(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  const auto s = static_cast<int64_t>(std::llround(seconds));
  const auto two = [](int64_t large, const char* unit, int64_t small, const char* small_unit) {
    return std::to_string(large) + unit + std::to_string(small) + small_unit;
  };
  if (s < 60) return std::to_string(s) + " s";
  if (s < 3600) return two(s / 60, " min ", s % 60, " s");
  if (s < 86400) return two(s / 3600, " h ", s % 3600 / 60, " min");
  return two(s / 86400, " d ", s % 86400 / 3600, " h");
}

Progress::Progress(const Options& options, Clock::time_point now)
    : options_(options), terminal_(isatty(fileno(options.out)) == 1), last_update_(now) {}

Progress::~Progress() {
  if (line_open_) std::fputc('\n', options_.out);
}

void Progress::update(int64_t done, const Values& values, Clock::time_point now) {
  const double seconds = seconds_between(last_update_, now);
  last_update_ = now;
  seconds_per_step_ =
      seconds_per_step_ == 0 ? seconds : (1 - newest_weight) * seconds_per_step_ + newest_weight * seconds;
  const bool last = done == options_.total;
  if (terminal_) {
    if (!last && seconds_between(last_drawn_, now) < least_seconds_between_draws) return;
    last_drawn_ = now;
    std::fprintf(options_.out, "\r%s\x1b[K", line(done, values).c_str());
    line_open_ = true;
  } else if (last || done % options_.plain_every == 0) {
    std::fprintf(options_.out, "%s\n", line(done, values).c_str());
  }
  std::fflush(options_.out);
}

void Progress::say(const std::string& text) {
  clear_line();
  std::fprintf(options_.out, "%s\n", text.c_str());
  std::fflush(options_.out);
}

std::string Progress::line(int64_t done, const Values& values) const {
  std::string text = options_.title + std::to_string(done) + "/" + std::to_string(options_.total);
  for (const auto& [name, value] : values) text += "  " + name + " " + with_digits(value);
  if (seconds_per_step_ > 0)
    text +=
        "  " + with_digits(static_cast<double>(options_.images_per_step) / seconds_per_step_) + " images/s";
  const double left = seconds_per_step_ * static_cast<double>(options_.total - done);
  if (done < options_.total) text += "  " + duration_text(left) + " left";
  return text;
}

void Progress::clear_line() {
  if (line_open_) std::fputs("\r\x1b[K", options_.out);
  line_open_ = false;
}

}  // namespace masktwins
