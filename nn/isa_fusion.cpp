#include "nn/isa_fusion.h"

#include <cmath>

#include "tensor/ops/attention.h"
#include "tensor/ops/concat_channels.h"
#include "tensor/ops/group_pixels.h"
#include "tensor/ops/ungroup_pixels.h"

namespace masktwins::nn {

SelfAttention::SelfAttention(int64_t channels, Initializer& init)
    : scale_(1 / std::sqrt(static_cast<double>(channels))),
      query_project_(channels, channels, 1, {}, init),
      key_project_(channels, channels, 1, {}, init),
      value_project_(channels, channels, 1, {}, init),
      output_project_(channels, channels, 1, {}, init) {
  register_module("query_project", query_project_);
  register_module("key_project", key_project_);
  register_module("value_project", value_project_);
  register_module("output_project", output_project_);
}

Tensor SelfAttention::forward(const Tensor& x) {
  const Tensor keys_and_values = concat_channels({key_project_.forward(x), value_project_.forward(x)});
  return output_project_.forward(attention(query_project_.forward(x), keys_and_values, 1, scale_));
}

IsaFusion::IsaFusion(int64_t in_channels, int64_t channels, Initializer& init)
    : in_conv_(in_channels, channels, init),
      global_relation_(channels, init),
      local_relation_(channels, init) {
  register_module("in_conv", in_conv_);
  register_module("global_relation", global_relation_);
  register_module("local_relation", local_relation_);
}

Tensor IsaFusion::forward(const std::vector<Tensor>& maps) {
  constexpr int64_t side = 8;  // of a group of neighbours
  const Tensor x = in_conv_.forward(maps);
  const int64_t height = x.dim(2), width = x.dim(3);
  const int64_t rows = (height + side - 1) / side, columns = (width + side - 1) / side;
  const PixelGrouping distant{side, side, rows, columns, true}, near{rows, columns, side, side, false};

  const Tensor related = global_relation_.forward(group_pixels(x, distant));
  const Tensor padded = ungroup_pixels(related, distant, rows * side, columns * side);
  return ungroup_pixels(local_relation_.forward(group_pixels(padded, near)), near, height, width);
}

}  // namespace masktwins::nn
