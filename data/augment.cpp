#include "data/augment.h"

#include <cmath>

#include "tensor/check.h"

namespace masktwins::data {
namespace {

// The centre of something that reaches `half` to both sides, at a whole number of pixels from the border.
double place(double half, int64_t size, Draws& draws) {
  const double room = std::floor(static_cast<double>(size) - 2 * half);
  if (room < 0) return half + std::floor(room / 2);
  return half + static_cast<double>(draws.below(static_cast<int64_t>(room) + 1));
}

}  // namespace

void check(const AugmentOptions& options) {
  require(options.probability >= 0 && options.probability <= 1,
          "augment.probability: must be in [0, 1], got ", options.probability);
}

Warp draw_warp(const AugmentOptions&, int64_t size, const Section& section, Draws& draws) {
  Warp warp;
  warp.size = size;
  const Point half = reach(warp);
  warp.centre = {place(half.row, section.image.height, draws),
                 place(half.column, section.image.width, draws)};
  return warp;
}

void draw_intensities(const AugmentOptions&, Image&, Draws&) {}

}  // namespace masktwins::data
