#include "nn/adain.h"

#include "tensor/ops/instance_norm.h"
#include "tensor/ops/restyle.h"

namespace masktwins::nn {

Style style_of(const Tensor& features) {
  const ImageSize size = image_size(features, "adain");
  const Normalization kind{
      "adain", "adain", {size.batch, size.height * size.width, size.channels, size.channels}, {}};
  const Moments moments = region_moments(kind, features);
  const Shape statistics{size.batch, size.channels};
  return {moments.mean.alias(statistics), moments.variance.alias(statistics)};
}

Tensor adain(const Tensor& x, const Style& style, double eps) {
  return restyle(instance_norm(x, {}, {}, {.eps = eps}), style.mean, style.variance, eps);
}

}  // namespace masktwins::nn
