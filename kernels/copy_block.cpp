#include "kernels/copy_block.h"

#include <cstring>

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {
namespace {

// A call of memcpy costs more than the short runs that few channels make.
void copy_run(char* to, const char* from, int64_t length) {
  constexpr int64_t piece = 64;
  if (length > 16 * piece) {
    std::memcpy(to, from, static_cast<std::size_t>(length));
    return;
  }
  int64_t k = 0;
  for (; k + piece <= length; k += piece) std::memcpy(to + k, from + k, piece);
  for (; k + 4 <= length; k += 4) std::memcpy(to + k, from + k, 4);
  for (; k < length; ++k) to[k] = from[k];
}

}  // namespace

void copy_block(const CopyBlockArgs& args) {
  if (args.length == 0) return;
  const auto* x = static_cast<const char*>(args.x);
  auto* y = static_cast<char*>(args.y);
  const int64_t grain = ceil_div(1 << 17, args.length);
  parallel_for(args.outer * args.inner, grain, [&](int64_t begin, int64_t end) {
    int64_t i = begin / args.inner, j = begin % args.inner;
    for (int64_t run = begin; run < end; ++run) {
      copy_run(y + i * args.y_outer + j * args.y_inner, x + i * args.x_outer + j * args.x_inner, args.length);
      if (++j == args.inner) j = 0, ++i;
    }
  });
}

}  // namespace masktwins::kernels::cpu
