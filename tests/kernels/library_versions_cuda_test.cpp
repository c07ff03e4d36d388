#include "kernels/vendor/library_versions.h"

#include <doctest/doctest.h>

using namespace masktwins::kernels::cuda;

TEST_CASE("versions of libraries as people write them, and both where loaded and built differ") {
  CHECK(library_version(91900, 91900) == "9.19.0");
  CHECK(library_version(130203, 130203) == "13.2.3");
  CHECK(library_version(91002, 91900) == "9.10.2, built with 9.19.0");
}
