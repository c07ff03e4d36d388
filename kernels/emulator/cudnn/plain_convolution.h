// The arithmetic behind the stand-in for cuDNN's convolutions: plain loops over channels-last arrays of
// float.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/emulator/cudnn/descriptors.h"

namespace masktwins::emulator {

struct PlainConvolution {
  cudnnTensorStruct x, y;
  cudnnFilterStruct weight;
  cudnnConvolutionStruct convolution;

  // Sums in float, for every element from zero.
  std::vector<float> forward(const std::vector<float>& x_values,
                             const std::vector<float>& weight_values) const;
  std::vector<float> backward_data(const std::vector<float>& weight_values,
                                   const std::vector<float>& dy_values) const;
  std::vector<float> backward_filter(const std::vector<float>& x_values,
                                     const std::vector<float>& dy_values) const;

 private:
  // Calls body(first element of x, first of y, first of weight, inputs per group) for every pixel of x,
  // output channel and tap that meet in a product.
  template <class Body>
  void for_each_row(Body&& body) const;
};

}  // namespace masktwins::emulator
