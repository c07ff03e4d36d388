#include "data/warp.h"

#include <algorithm>
#include <cmath>

namespace masktwins::data {
namespace {

// ... 2 1 | 0 1 2 ... n-1 | n-2 n-3 ...
int64_t mirrored(int64_t i, int64_t size) {
  if (i >= 0 && i < size) return i;
  if (size == 1) return 0;
  const int64_t period = 2 * (size - 1);
  const int64_t inside = ((i % period) + period) % period;
  return std::min(inside, period - inside);
}

// Weights of the four nodes around a place, `t` in [0, 1) from the second to the third.
std::array<double, 4> spline_weights(double t) {
  const double s = 1 - t;
  return {s * s * s / 6, (3 * t * t * t - 6 * t * t + 4) / 6, (3 * s * s * s - 6 * s * s + 4) / 6,
          t * t * t / 6};
}

// The pixel below a coordinate and the share of the next one.
struct Position {
  int64_t low, high;
  float fraction;
};

Position position(double coordinate, int64_t size) {
  const double from_centre = coordinate - 0.5;
  const double low = std::floor(from_centre);
  const auto index = static_cast<int64_t>(low);
  return {mirrored(index, size), mirrored(index + 1, size), static_cast<float>(from_centre - low)};
}

template <class Body>
void for_each_pixel(const Warp& warp, Body&& body) {
  for (int64_t row = 0; row < warp.size; ++row)
    for (int64_t column = 0; column < warp.size; ++column) body(row, column, warp.section_point(row, column));
}

}  // namespace

Point DisplacementGrid::at(double row, double column) const {
  if (nodes.empty()) return {};
  const double y = row / spacing, x = column / spacing;
  const auto i = std::clamp<int64_t>(static_cast<int64_t>(y), 0, per_side - 4);
  const auto j = std::clamp<int64_t>(static_cast<int64_t>(x), 0, per_side - 4);
  const std::array<double, 4> down = spline_weights(y - static_cast<double>(i));
  const std::array<double, 4> across = spline_weights(x - static_cast<double>(j));
  Point sum;
  for (int64_t a = 0; a < 4; ++a)
    for (int64_t b = 0; b < 4; ++b) {
      const double weight = down[static_cast<std::size_t>(a)] * across[static_cast<std::size_t>(b)];
      const Point& node = nodes[static_cast<std::size_t>((i + a) * per_side + j + b)];
      sum.row += weight * node.row;
      sum.column += weight * node.column;
    }
  return sum;
}

Point Warp::section_point(int64_t row, int64_t column) const {
  const double half = static_cast<double>(size) / 2;
  const double crop_row = static_cast<double>(row) + 0.5, crop_column = static_cast<double>(column) + 0.5;
  const Point shift = displacement.at(crop_row, crop_column);
  const double y = crop_row - half + shift.row, x = crop_column - half + shift.column;
  return {centre.row + matrix[0] * y + matrix[1] * x, centre.column + matrix[2] * y + matrix[3] * x};
}

Point reach(const Warp& warp) {
  double farthest = 0;
  for (const Point& node : warp.displacement.nodes)
    farthest = std::max({farthest, std::abs(node.row), std::abs(node.column)});
  const double half = static_cast<double>(warp.size) / 2 + farthest;
  return {half * (std::abs(warp.matrix[0]) + std::abs(warp.matrix[1])),
          half * (std::abs(warp.matrix[2]) + std::abs(warp.matrix[3]))};
}

Image warp_image(const Section& section, const Warp& warp) {
  const Image& source = section.image;
  Image crop{source.channels, warp.size, warp.size, {}, source.white};
  crop.pixels.resize(static_cast<std::size_t>(warp.size * warp.size * source.channels));
  for_each_pixel(warp, [&](int64_t row, int64_t column, Point point) {
    const Position y = position(point.row, source.height), x = position(point.column, source.width);
    const float *top_left = source.at(y.low, x.low), *top_right = source.at(y.low, x.high);
    const float *bottom_left = source.at(y.high, x.low), *bottom_right = source.at(y.high, x.high);
    float* out = crop.at(row, column);
    for (int64_t c = 0; c < source.channels; ++c) {
      const float top = top_left[c] + x.fraction * (top_right[c] - top_left[c]);
      const float bottom = bottom_left[c] + x.fraction * (bottom_right[c] - bottom_left[c]);
      out[c] = top + y.fraction * (bottom - top);
    }
  });
  return crop;
}

LabelMap warp_labels(const Section& section, const Warp& warp) {
  const LabelMap& source = section.labels;
  LabelMap crop{warp.size, warp.size, {}};
  crop.classes.assign(static_cast<std::size_t>(warp.size * warp.size), ignore_class);
  if (!section.labelled()) return crop;
  for_each_pixel(warp, [&](int64_t row, int64_t column, Point point) {
    const auto y = static_cast<int64_t>(std::floor(point.row));
    const auto x = static_cast<int64_t>(std::floor(point.column));
    if (y < 0 || y >= source.height || x < 0 || x >= source.width) return;
    crop.classes[static_cast<std::size_t>(row * warp.size + column)] =
        source.classes[static_cast<std::size_t>(y * source.width + x)];
  });
  return crop;
}

}  // namespace masktwins::data
