// The plan of a synthetic section: which cell owns each pixel and how far it is from the membrane.
#pragma once

#include <cstdint>
#include <vector>

#include "data/draws.h"

namespace masktwins::data {

struct CellPlan {
  int64_t size = 0;
  // Per pixel. Cell 0 is the process that fills the gaps between all others (glia).
  std::vector<int32_t> cell;
  std::vector<float> to_membrane;  // about the distance to the nearest membrane, pixels
  int32_t cells = 1;

  std::size_t index(int64_t row, int64_t column) const {
    return static_cast<std::size_t>(row * size + column);
  }
};

// Cells of very different sizes, large ones first and small ones where there is room, with bent outlines.
// Lengths grow with `scale`.
CellPlan draw_cells(int64_t size, double scale, Draws& draws);

}  // namespace masktwins::data
