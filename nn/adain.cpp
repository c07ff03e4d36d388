#include "nn/adain.h"

#include "tensor/ops/instance_norm.h"
#include "tensor/ops/restyle.h"

namespace masktwins::nn {

Tensor adain(const Tensor& x, const Tensor& style, double eps) {
  const auto [batch, channels, height, width] = image_size(style, "adain");
  const Normalization kind{"adain", "adain", {batch, height * width, channels, channels}, {}};
  const Moments moments = region_moments(kind, style);
  const Shape statistics{batch, channels};
  return restyle(instance_norm(x, {}, {}, {.eps = eps}), moments.mean.alias(statistics),
                 moments.variance.alias(statistics), eps);
}

}  // namespace masktwins::nn
