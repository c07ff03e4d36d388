#include "data/warp.h"

#include <algorithm>
#include <cmath>

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

int64_t pixel_at(double coordinate) { return static_cast<int64_t>(std::floor(coordinate)); }

// `area` is an Image or a LabelMap.
template <class Area>
bool contains(const Area& area, Point point) {
  const int64_t y = pixel_at(point.row), x = pixel_at(point.column);
  return y >= 0 && y < area.height && x >= 0 && x < area.width;
}

uint8_t class_at(const LabelMap& labels, Point point) {
  if (!contains(labels, point)) return ignore_class;
  return labels
      .classes[static_cast<std::size_t>(pixel_at(point.row) * labels.width + pixel_at(point.column))];
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

Image crop_image(const Section& section, const Warp& warp) {
  const Image& image = section.image;
  Image crop{image.channels, warp.size, warp.size, {}, image.white};
  crop.pixels.resize(static_cast<std::size_t>(warp.size * warp.size * image.channels));
  for (int64_t row = 0; row < warp.size; ++row)
    for (int64_t column = 0; column < warp.size; ++column) {
      const Point point = warp.section_point(row, column);
      if (warp.border == Border::zero && !contains(image, point))
        std::copy_n(section.mean.begin(), image.channels, crop.at(row, column));
      else interpolate(image, point, crop.at(row, column));
    }
  return crop;
}

LabelMap crop_labels(const Section& section, const Warp& warp) {
  LabelMap crop{warp.size, warp.size, {}};
  crop.classes.reserve(static_cast<std::size_t>(warp.size * warp.size));
  for (int64_t row = 0; row < warp.size; ++row)
    for (int64_t column = 0; column < warp.size; ++column)
      crop.classes.push_back(class_at(section.labels, warp.section_point(row, column)));
  return crop;
}

std::vector<float> crop_weights(const Section& section, const Warp& warp) {
  const Image& image = section.image;
  const Margins& margins = section.margins;
  std::vector<float> weights;
  weights.reserve(static_cast<std::size_t>(warp.size * warp.size));
  for (int64_t row = 0; row < warp.size; ++row)
    for (int64_t column = 0; column < warp.size; ++column) {
      const Point point = warp.section_point(row, column);
      const int64_t y = mirrored(pixel_at(point.row), image.height);
      const int64_t x = mirrored(pixel_at(point.column), image.width);
      const bool counts = y >= margins.top && y < image.height - margins.bottom && x >= margins.left &&
                          x < image.width - margins.right;
      const bool padding = warp.border == Border::zero && !contains(image, point);
      weights.push_back(counts && !padding ? 1.0f : 0.0f);
    }
  return weights;
}

}  // namespace masktwins::data
