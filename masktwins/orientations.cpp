#include "masktwins/orientations.h"

#include <algorithm>

#include "kernels/common/parallel.h"

namespace masktwins {
namespace {

// Rows and columns are exchanged first, then the order of the columns is reversed, then that of the rows.
struct Orientation {
  bool transpose, reverse_columns, reverse_rows;
};

// (N, C, H, W) -> (N, C, W, H).
Tensor transposed(const Tensor& images) {
  const int64_t channels = images.dim(1), height = images.dim(2), width = images.dim(3);
  Tensor result = Tensor::empty({images.dim(0), channels, width, height});
  kernels::parallel_for(images.dim(0) * height, 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t image = row / height, y = row % height;
      for (int64_t x = 0; x < width; ++x)
        std::copy_n(images.data<float>() + (row * width + x) * channels, channels,
                    result.data<float>() + ((image * width + x) * height + y) * channels);
    }
  });
  return result;
}

Tensor reversed(const Tensor& images, bool columns, bool rows) {
  const int64_t channels = images.dim(1), height = images.dim(2), width = images.dim(3);
  Tensor result = Tensor::empty(images.shape());
  kernels::parallel_for(images.dim(0) * height, 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t y = row % height, from_row = rows ? row - y + height - 1 - y : row;
      for (int64_t x = 0; x < width; ++x)
        std::copy_n(images.data<float>() + (from_row * width + (columns ? width - 1 - x : x)) * channels,
                    channels, result.data<float>() + (row * width + x) * channels);
    }
  });
  return result;
}

Tensor turned(const Tensor& images, const Orientation& orientation) {
  return reversed(orientation.transpose ? transposed(images) : images, orientation.reverse_columns,
                  orientation.reverse_rows);
}

Tensor turned_back(const Tensor& images, const Orientation& orientation) {
  const Tensor upright = reversed(images, orientation.reverse_columns, orientation.reverse_rows);
  return orientation.transpose ? transposed(upright) : upright;
}

std::vector<Orientation> listed(Orientations orientations) {
  if (orientations == Orientations::mirrored) return {{false, false, false}, {false, true, false}};
  std::vector<Orientation> result;
  for (const bool transpose : {false, true})
    for (const bool reverse_columns : {false, true})
      for (const bool reverse_rows : {false, true})
        result.push_back({transpose, reverse_columns, reverse_rows});
  return result;
}

}  // namespace

SegmentationFunction average_orientations(const SegmentationFunction& model, Orientations orientations) {
  return [model, every = listed(orientations)](const Tensor& images) {
    const float share = 1.0f / static_cast<float>(every.size());
    Tensor mean;
    for (const Orientation& orientation : every) {
      const Tensor logits = turned_back(model(turned(images, orientation)), orientation);
      if (!mean.defined()) mean = Tensor::zeros(logits.shape());
      for (int64_t i = 0; i < mean.numel(); ++i) mean.data<float>()[i] += share * logits.data<float>()[i];
    }
    return mean;
  };
}

}  // namespace masktwins
