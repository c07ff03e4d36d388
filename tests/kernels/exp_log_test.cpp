#include "kernels/common/exp_log.h"

#include <doctest/doctest.h>

#include <limits>

using namespace masktwins::kernels;

namespace {

// Larger than every error seen over `steps` values between two bounds, in units in the last place.
template <class Actual, class Expected>
double worst_error(float from, float to, int steps, Actual&& actual, Expected&& expected) {
  double worst = 0;
  for (int i = 0; i <= steps; ++i) {
    const float x = from + (to - from) * (static_cast<float>(i) / static_cast<float>(steps));
    const double right = expected(static_cast<double>(x));
    const double unit = std::max(std::abs(right) * 0x1p-23, 0x1p-149);
    const double error = std::abs(static_cast<double>(actual(x)) - right) / unit;
    if (!(error <= worst)) worst = std::isnan(error) ? INFINITY : error;
  }
  return worst;
}

}  // namespace

TEST_CASE("exp_nonpositive is within 2 units in the last place of exp") {
  const auto actual = [](float x) { return exp_nonpositive(x); };
  const auto expected = [](double x) { return std::exp(x); };
  CHECK(worst_error(-87.29f, 0, 400000, actual, expected) <= 2);
  CHECK(worst_error(-1e-3f, 0, 10000, actual, expected) <= 2);
  CHECK(exp_nonpositive(0.0f) == 1);
  CHECK(exp_nonpositive(-88.0f) == 0);
  CHECK(exp_nonpositive(-std::numeric_limits<float>::max()) == 0);
  CHECK(exp_nonpositive(-INFINITY) == 0);
  CHECK(std::isnan(exp_nonpositive(NAN)));
}

TEST_CASE("log_at_least_one is within 3 units in the last place of log") {
  const auto actual = [](float x) { return log_at_least_one(x); };
  const auto expected = [](double x) { return std::log(x); };
  CHECK(worst_error(1, 2, 200000, actual, expected) <= 3);
  CHECK(worst_error(2, 1000, 200000, actual, expected) <= 3);
  CHECK(worst_error(1e3f, 3e38f, 100000, actual, expected) <= 3);
  CHECK(log_at_least_one(1.0f) == 0);
  CHECK(std::isnan(log_at_least_one(NAN)));
}
