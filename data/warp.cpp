#include "data/warp.h"

#include <algorithm>
#include <cmath>

#include "data/border.h"
#include "data/spline.h"

namespace masktwins::data {
namespace {

// The pixel whose centre lies below a coordinate, the next one, and how far between them.
struct Neighbours {
  int64_t low, high;
  float fraction;
};

Neighbours neighbours(double coordinate, int64_t size) {
  const double low = std::floor(coordinate - 0.5);
  const auto index = static_cast<int64_t>(low);
  return {mirrored(index, size), mirrored(index + 1, size), static_cast<float>(coordinate - 0.5 - low)};
}

void interpolate(const Image& image, Point point, float* out) {
  const Neighbours y = neighbours(point.row, image.height), x = neighbours(point.column, image.width);
  const float *top_left = image.at(y.low, x.low), *top_right = image.at(y.low, x.high);
  const float *bottom_left = image.at(y.high, x.low), *bottom_right = image.at(y.high, x.high);
  for (int64_t c = 0; c < image.channels; ++c) {
    const float top = top_left[c] + x.fraction * (top_right[c] - top_left[c]);
    const float bottom = bottom_left[c] + x.fraction * (bottom_right[c] - bottom_left[c]);
    out[c] = top + y.fraction * (bottom - top);
  }
}

uint8_t class_at(const Section& section, Point point) {
  const LabelMap& labels = section.labels;
  const auto y = static_cast<int64_t>(std::floor(point.row));
  const auto x = static_cast<int64_t>(std::floor(point.column));
  const bool inside = y >= 0 && y < labels.height && x >= 0 && x < labels.width;
  return inside ? labels.classes[static_cast<std::size_t>(y * labels.width + x)] : ignore_class;
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

Crop take_crop(const Section& section, const Warp& warp) {
  const int64_t channels = section.image.channels;
  const auto pixels = static_cast<std::size_t>(warp.size * warp.size);
  Crop crop{{channels, warp.size, warp.size, {}, section.image.white}, {warp.size, warp.size, {}}};
  crop.image.pixels.resize(pixels * static_cast<std::size_t>(channels));
  crop.labels.classes.resize(pixels);
  for (int64_t row = 0; row < warp.size; ++row)
    for (int64_t column = 0; column < warp.size; ++column) {
      const Point point = warp.section_point(row, column);
      interpolate(section.image, point, crop.image.at(row, column));
      crop.labels.classes[static_cast<std::size_t>(row * warp.size + column)] = class_at(section, point);
    }
  return crop;
}

}  // namespace masktwins::data
