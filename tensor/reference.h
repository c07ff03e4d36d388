// Access by logical index for the plain-loop references of ops: slow, but independent of memory layouts.
#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// Element (n, c, y, x) of a (N, C, H, W) tensor.
template <class T = double>
const T& at(const Tensor& image, int64_t n, int64_t c, int64_t y, int64_t x) {
  return image.data<T>()[((n * image.dim(2) + y) * image.dim(3) + x) * image.dim(1) + c];
}
template <class T = double>
T& at(Tensor& image, int64_t n, int64_t c, int64_t y, int64_t x) {
  return const_cast<T&>(at<T>(static_cast<const Tensor&>(image), n, c, y, x));
}

// Calls body(n, c, y, x) for every element of a (N, C, H, W) shape.
template <class Body>
void for_each_element(const Shape& shape, Body&& body) {
  for (int64_t n = 0; n < shape[0]; ++n)
    for (int64_t c = 0; c < shape[1]; ++c)
      for (int64_t y = 0; y < shape[2]; ++y)
        for (int64_t x = 0; x < shape[3]; ++x) body(n, c, y, x);
}

}  // namespace masktwins
