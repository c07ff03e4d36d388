// The random generator against the known answers of its authors' library (Random123, kat_vectors).
#include "kernels/common/philox.h"

#include <doctest/doctest.h>

using namespace masktwins::kernels;

namespace {

void check_words(const RandomWords& actual, uint32_t w0, uint32_t w1, uint32_t w2, uint32_t w3) {
  CHECK(actual.word[0] == w0);
  CHECK(actual.word[1] == w1);
  CHECK(actual.word[2] == w2);
  CHECK(actual.word[3] == w3);
}

}  // namespace

TEST_CASE("philox gives the published words") {
  check_words(philox({0, 0}, 0, 0), 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
  check_words(philox({~0u, ~0u}, ~uint64_t{0}, ~uint64_t{0}), 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
  check_words(philox({0xa4093822, 0x299f31d0}, 0x0370734413198a2e, 0x85a308d3243f6a88), 0xd16cfe09,
              0x94fdcceb, 0x5001e420, 0x24126ea1);
}

TEST_CASE("uniform01 spans [0, 1)") {
  CHECK(uniform01(0) == 0);
  CHECK(uniform01(0x80000000) == 0.5f);
  CHECK(uniform01(0xffffffff) == 1 - 0x1p-24f);
}
