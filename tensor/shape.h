// Sizes of a tensor, written in PyTorch's logical order: (N, C, H, W) for images.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <span>

#include "tensor/check.h"

namespace masktwins {

class Shape {
 public:
  static constexpr int max_rank = 6;

  Shape() = default;
  Shape(std::initializer_list<int64_t> sizes)
      : Shape(std::span<const int64_t>(sizes.begin(), sizes.size())) {}
  explicit Shape(std::span<const int64_t> sizes) : rank_(static_cast<int>(sizes.size())) {
    require(sizes.size() <= max_rank, "shape: at most ", max_rank, " dimensions, got ", sizes.size());
    for (int i = 0; i < rank_; ++i) {
      size_[static_cast<std::size_t>(i)] = sizes[static_cast<std::size_t>(i)];
      require((*this)[i] >= 0, "shape: negative size in ", *this);
    }
  }

  int rank() const { return rank_; }
  int64_t operator[](int axis) const { return size_[static_cast<std::size_t>(axis)]; }
  int64_t& operator[](int axis) { return size_[static_cast<std::size_t>(axis)]; }

  // Number of elements; 1 for a scalar (rank 0).
  int64_t numel() const {
    int64_t count = 1;
    for (int i = 0; i < rank_; ++i) count *= (*this)[i];
    return count;
  }

  bool operator==(const Shape& other) const {
    if (rank_ != other.rank_) return false;
    for (int i = 0; i < rank_; ++i)
      if ((*this)[i] != other[i]) return false;
    return true;
  }

  friend std::ostream& operator<<(std::ostream& out, const Shape& shape) {
    out << '(';
    for (int i = 0; i < shape.rank_; ++i) out << (i ? ", " : "") << shape[i];
    return out << ')';
  }

 private:
  std::array<int64_t, max_rank> size_{};
  int rank_ = 0;
};

}  // namespace masktwins
