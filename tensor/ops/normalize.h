// What instance_norm, batch_norm and group_norm share; see kernels/normalize.h for formulas and regions.
#pragma once

#include <functional>

#include "kernels/normalize.h"
#include "tensor/op.h"
#include "tensor/tensor.h"

namespace masktwins {

struct NormOptions {
  double eps = 1e-5;
  bool relu = false;  // apply a ReLU in the same pass
};

// Mean and biased variance per region.
struct Moments {
  Tensor mean, variance;
};

// Which normalisation, under which names, over which regions.
struct Normalization {
  const char* op;
  const char* backward_op;
  kernels::RegionShape shape;
  NormOptions options;
  bool constant_moments = false;  // the moments are given numbers, not functions of x
};

Moments region_moments(const Normalization& kind, const Tensor& x);

// (x - mean) / sqrt(variance + eps) * weight + bias, then perhaps the ReLU; weight and bias (C) may be
// undefined. Backward keeps x and the moments; the result itself is computed again when somebody needs it.
Tensor normalize(const Normalization& kind, const Tensor& x, const Moments& moments, const Tensor& weight,
                 const Tensor& bias);

// Checks x (N, C, H, W) and that a defined parameter has one element per channel, of the type
// wide(x.dtype()).
ImageSize check_norm_inputs(const char* op, const Tensor& x, const std::vector<Tensor>& per_channel);

// Bytes and flops of moments and normalisation together.
Work norm_work(const Tensor& x);

// Plain loops on float64: `region_of(n, c)` in {0, ..., regions - 1} says which elements share moments.
struct NormReference {
  Tensor y, mean, variance;
};
NormReference norm_reference(const Tensor& x, const Tensor& weight, const Tensor& bias, int64_t regions,
                             const std::function<int64_t(int64_t n, int64_t c)>& region_of, double eps,
                             bool relu);

}  // namespace masktwins
