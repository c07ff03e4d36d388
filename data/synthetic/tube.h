// The shape of organelles: a bent tube with round ends and a wavy outline. A short one is a blob.
#pragma once

#include <algorithm>
#include <vector>

#include "data/draws.h"
#include "data/synthetic/cells.h"
#include "data/warp.h"

namespace masktwins::data {

class Tube {
 public:
  // Centre, orientation and curvature are drawn; `length` is that of the spine, without the round ends.
  Tube(Point centre, double radius, double length, double waviness, Draws& draws);

  struct Place {
    double depth;  // distance from the outline, positive inside
    double along;  // distance along the spine from its start
  };
  Place at(double row, double column) const;

  // body(row, column, place) for all pixels of a size x size section not farther than `margin` outside.
  template <class Body>
  void for_each_pixel(int64_t size, double margin, Body&& body) const {
    const auto inside = [&](double value) {
      return std::clamp<int64_t>(static_cast<int64_t>(value), 0, size);
    };
    for (int64_t row = inside(low_.row - margin); row < inside(high_.row + margin + 1); ++row)
      for (int64_t column = inside(low_.column - margin); column < inside(high_.column + margin + 1);
           ++column) {
        const Place place = at(static_cast<double>(row), static_cast<double>(column));
        if (place.depth >= -margin) body(row, column, place);
      }
  }

  // Does the tube with `margin` around it lie within one cell that is not glia, `margin` from its membrane,
  // where nothing is taken?
  bool fits(const CellPlan& plan, const std::vector<uint8_t>& taken, double margin) const;

 private:
  double radius_, waviness_, phase_;
  std::vector<Point> spine_;
  Point low_, high_;  // box around the tube
};

}  // namespace masktwins::data
