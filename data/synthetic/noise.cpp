#include "data/synthetic/noise.h"

#include "data/spline.h"

namespace masktwins::data {
namespace {

// One axis of the interpolation: rows of nodes become rows of pixels.
Image expand_rows(const Image& nodes, int64_t size, double period) {
  Image image{1, size, nodes.width, {}, 1};
  image.pixels.resize(static_cast<std::size_t>(size * nodes.width));
  for (int64_t row = 0; row < size; ++row) {
    const double place = static_cast<double>(row) / period;
    const auto first = static_cast<int64_t>(place);
    const std::array<double, 4> weights = spline_weights(place - static_cast<double>(first));
    for (int64_t k = 0; k < 4; ++k) {
      const auto weight = static_cast<float>(weights[static_cast<std::size_t>(k)]);
      for (int64_t column = 0; column < nodes.width; ++column)
        *image.at(row, column) += weight * *nodes.at(first + k, column);
    }
  }
  return image;
}

Image transposed(const Image& image) {
  Image result{1, image.width, image.height, {}, image.white};
  result.pixels.resize(image.pixels.size());
  for (int64_t row = 0; row < image.height; ++row)
    for (int64_t column = 0; column < image.width; ++column) *result.at(column, row) = *image.at(row, column);
  return result;
}

}  // namespace

Image smooth_noise(int64_t size, double period, Draws& draws) {
  const int64_t per_side = static_cast<int64_t>(static_cast<double>(size) / period) + 4;
  Image nodes{1, per_side, per_side, {}, 1};
  // The spline averages its nodes; 2.085 restores unit variance, being 1 over the mean of the sum of the
  // squared weights along one axis (151/315).
  for (int64_t i = 0; i < per_side * per_side; ++i)
    nodes.pixels.push_back(static_cast<float>(2.085 * draws.normal()));
  return expand_rows(transposed(expand_rows(nodes, size, period)), size, period);
}

}  // namespace masktwins::data
