#include "data/synthetic/tube.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace masktwins::data {

Tube::Tube(Point centre, double radius, double length, double waviness, Draws& draws)
    : radius_(radius), waviness_(waviness), phase_(draws.uniform(0, 2 * std::numbers::pi)) {
  constexpr int pieces = 6;
  const double direction = draws.uniform(0, 2 * std::numbers::pi), bend = draws.uniform(-0.9, 0.9);
  Point point{centre.row - std::cos(direction) * length / 2,
              centre.column - std::sin(direction) * length / 2};
  low_ = high_ = point;
  for (int i = 0; i <= pieces; ++i) {
    spine_.push_back(point);
    low_ = {std::min(low_.row, point.row), std::min(low_.column, point.column)};
    high_ = {std::max(high_.row, point.row), std::max(high_.column, point.column)};
    const double angle = direction + bend * (static_cast<double>(i) / pieces - 0.5);
    point.row += std::cos(angle) * length / pieces;
    point.column += std::sin(angle) * length / pieces;
  }
  const double reach = radius * (1 + waviness);
  low_ = {low_.row - reach, low_.column - reach};
  high_ = {high_.row + reach, high_.column + reach};
}

Tube::Place Tube::at(double row, double column) const {
  double nearest = INFINITY, along = 0, behind = 0;
  for (std::size_t i = 0; i + 1 < spine_.size(); ++i) {
    const double dy = spine_[i + 1].row - spine_[i].row, dx = spine_[i + 1].column - spine_[i].column;
    const double y = row - spine_[i].row, x = column - spine_[i].column;
    const double length = std::sqrt(dy * dy + dx * dx);
    // Projection on the piece; the first and last piece go on beyond the ends for `along` only.
    const double projection = length > 0 ? (y * dy + x * dx) / length : 0;
    const double on_piece = std::clamp(projection, 0.0, length);
    const double distance = std::hypot(y - on_piece * (length > 0 ? dy / length : 0),
                                       x - on_piece * (length > 0 ? dx / length : 0));
    if (distance < nearest) nearest = distance, along = behind + projection;
    behind += length;
  }
  const Point middle = spine_[spine_.size() / 2];
  const double around = std::atan2(row - middle.row, column - middle.column);
  const double outline =
      radius_ * (1 + waviness_ * (0.6 * std::sin(2 * around + phase_) + 0.4 * std::sin(3 * around - phase_)));
  return {outline - nearest, along};
}

bool Tube::fits(const CellPlan& plan, const std::vector<uint8_t>& taken, double margin) const {
  int32_t owner = -1;
  bool fits = true;
  for_each_pixel(plan.size, margin, [&](int64_t row, int64_t column, const Place&) {
    const std::size_t i = plan.index(row, column);
    if (owner < 0) owner = plan.cell[i];
    fits = fits && plan.cell[i] == owner && owner != 0 && !taken[i] &&
           plan.to_membrane[i] > static_cast<float>(margin);
  });
  return fits && owner > 0;
}

}  // namespace masktwins::data
