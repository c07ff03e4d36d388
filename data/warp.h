// The geometry of a crop: one map from crop pixels back to section pixels, through which image and label are
// read together, so that they cannot drift apart and are interpolated once, whatever is composed.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "data/border.h"
#include "data/section.h"

namespace masktwins::data {

struct Point {
  double row = 0, column = 0;
};

// Smooth random displacement: vectors at the nodes of a square grid over the crop, joined by cubic B-splines.
// Empty means none.
struct DisplacementGrid {
  double spacing = 0;    // pixels between nodes
  int64_t per_side = 0;  // nodes per side; node (i, j) lies at ((i - 1) * spacing, (j - 1) * spacing)
  std::vector<Point> nodes;

  Point at(double row, double column) const;
};

// section = centre + matrix * (crop - size / 2 + displacement(crop)), where the centre of pixel i lies at
// i + 1/2.
struct Warp {
  int64_t size = 0;                          // the crop is size x size
  Point centre;                              // in the section
  std::array<double, 4> matrix{1, 0, 0, 1};  // row-major: (row, column) from (row, column)
  DisplacementGrid displacement;
  Border border = Border::mirror;

  Point section_point(int64_t row, int64_t column) const;
};

// How far the warped crop reaches from its centre along each axis of the section, displacement included.
Point reach(const Warp& warp);

// All of (size, size).
// By linear interpolation.
Image crop_image(const Section& section, const Warp& warp);
// Of the nearest pixel; 255 beyond the border and without labels.
LabelMap crop_labels(const Section& section, const Warp& warp);
// 0 where the nearest pixel lies in the section's margins, or beyond a border that is not mirrored; else 1.
std::vector<float> crop_weights(const Section& section, const Warp& warp);

}  // namespace masktwins::data
