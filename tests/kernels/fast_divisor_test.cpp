#include "kernels/common/fast_divisor.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <initializer_list>
#include <limits>

using masktwins::kernels::FastDivisor;

TEST_CASE("fast divisors divide") {
  constexpr int most = std::numeric_limits<int>::max();
  for (const int divisor : {1, 2, 3, 5, 7, 9, 10, 64, 97, 641, 4095, 4096, 65537, 1 << 30, most - 1, most}) {
    const FastDivisor fast(divisor);
    const auto check = [&](int n) {
      CAPTURE(divisor);
      CAPTURE(n);
      CHECK(fast.quotient(n) == n / divisor);
      CHECK(fast.remainder(n, fast.quotient(n)) == n % divisor);
    };
    for (int n = 0; n < 2000; ++n) check(n);
    for (int64_t multiple = divisor; multiple <= most; multiple += std::max<int64_t>(divisor, most / 50)) {
      const int n = static_cast<int>(multiple / divisor * divisor);
      check(n);
      check(n - 1);
      if (n < most) check(n + 1);
    }
    check(most);
  }
}
