#include "masktwins/progress.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>

#include "masktwins/signals.h"

using namespace masktwins;

namespace {

// What a progress display writes when it is not on a terminal.
template <class Body>
std::string plain_output(Progress::Options options, Body&& body) {
  options.out = std::tmpfile();
  body(options);
  std::string text(static_cast<std::size_t>(std::ftell(options.out)), '\0');
  std::rewind(options.out);
  CHECK(std::fread(text.data(), 1, text.size(), options.out) == text.size());
  std::fclose(options.out);
  return text;
}

}  // namespace

TEST_CASE("durations are short and readable") {
  CHECK(duration_text(0) == "0 s");
  CHECK(duration_text(59.4) == "59 s");
  CHECK(duration_text(200) == "3 min 20 s");
  CHECK(duration_text(5 * 3600 + 12 * 60) == "5 h 12 min");
  CHECK(duration_text(2 * 86400 + 3 * 3600) == "2 d 3 h");
  CHECK(duration_text(NAN) == "?");
}

TEST_CASE("plain lines show values, speed and the time left") {
  const Progress::Clock::time_point start{};
  const auto at = [&](int seconds) { return start + std::chrono::seconds(seconds); };
  const std::string text =
      plain_output({.title = "fold 1: ", .first = 0, .total = 4, .images_per_step = 4, .plain_every = 2},
                   [&](auto options) {
                     Progress progress(options, start);
                     for (int step = 1; step <= 4; ++step)
                       progress.update(step, {{"loss", 1.0 / step}}, at(2 * step));
                     progress.say("done");
                     CHECK(progress.seconds_per_step() == doctest::Approx(2));
                   });
  CHECK(text == "fold 1: 2/4  loss 0.5  2 images/s  4 s left\nfold 1: 4/4  loss 0.25  2 images/s\ndone\n");
}

TEST_CASE("the first signal asks to stop, the second ends the program") {
  {
    const StopSignals signals;
    CHECK(!StopSignals::stop_requested());
    raise(SIGTERM);
    CHECK(StopSignals::stop_requested());
  }
  const StopSignals again;
  CHECK(!StopSignals::stop_requested());
  const pid_t child = fork();
  if (child == 0) {
    raise(SIGINT);
    raise(SIGINT);
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 128 + SIGINT);
}
