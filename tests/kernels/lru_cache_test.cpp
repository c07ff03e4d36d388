#include "kernels/common/lru_cache.h"

#include <doctest/doctest.h>

using masktwins::kernels::LruCache;

TEST_CASE("the cache of plans keeps what was used last, and no more than it may") {
  LruCache<int, int> squares(2);
  int made = 0;
  const auto square = [&](int x) {
    return squares.get(x, [&] {
      ++made;
      return x * x;
    });
  };
  CHECK(square(1) == 1);
  CHECK(square(2) == 4);
  CHECK(square(1) == 1);
  CHECK(made == 2);
  CHECK(square(3) == 9);  // 2 goes, as 1 was used later
  CHECK(square(1) == 1);
  CHECK(made == 3);
  CHECK(square(2) == 4);
  CHECK(made == 4);
  CHECK(squares.size() == 2);
}
