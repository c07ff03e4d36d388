// A launch in one line: numbers as numbers, addresses in hexadecimal, structs by name and words.
#include "kernels/common/launch_text.h"

#include <doctest/doctest.h>

#include "kernels/attention.h"

using namespace masktwins::kernels;
using cuda::launch_text;

namespace {

template <class A, class B>
struct Functor {
  int64_t words[20] = {17, 255};
};

}  // namespace

TEST_CASE("a launch says its size and its arguments") {
  const float* address = reinterpret_cast<const float*>(0x7f0000001000);
  CHECK(launch_text("fill", dim3(3, 2), 256, 512,
                    {2.5f, address, int64_t{1} << 40, -7, true, uint8_t{65}, float16(0.5f), bfloat16(-2.0f),
                     static_cast<const int*>(nullptr)}) ==
        "launch of fill with grid (3, 2, 1), block (256, 1, 1), 512 bytes of shared memory, arguments (2.5, "
        "0x7f0000001000, 1099511627776, -7, 1, 65, 0.5, -2, 0x0)");
  CHECK(launch_text("nothing", 1, 1, 0, {}) ==
        "launch of nothing with grid (1, 1, 1), block (1, 1, 1), 0 bytes of shared memory, arguments ()");
}

TEST_CASE("a struct among the arguments is its name and words, of bounded length") {
  const AttentionShape shape{2, 1024, 64, 5, 32};
  CHECK(launch_text("attention", 1, 1, 0, {shape}) ==
        "launch of attention with grid (1, 1, 1), block (1, 1, 1), 0 bytes of shared memory, arguments "
        "(AttentionShape {2 400 40 5 20})");
  const Functor<AttentionArgs<float>, AttentionBackwardArgs<bfloat16>> functor;
  CHECK(launch_text("map", 1, 1, 0, {functor, 10}) ==
        "launch of map with grid (1, 1, 1), block (1, 1, 1), 0 bytes of shared memory, arguments "
        "(Functor<AttentionArgs<float>, AttentionBackwardArgs<bfloa... {11 ff 0 0 0 0 0 0 0 0 0 0 ...}, 10)");
}
