#include "nn/fuse_levels.h"

#include "tensor/ops/add.h"
#include "tensor/ops/concat_channels.h"
#include "tensor/ops/conv2d.h"
#include "tensor/ops/resize_bilinear.h"
#include "tensor/ops/slice_channels.h"

namespace masktwins::nn {
namespace {

Tensor enlarged(const Tensor& map, const Tensor& largest) {
  if (map.dim(2) == largest.dim(2) && map.dim(3) == largest.dim(3)) return map;
  return resize_bilinear(map, largest.dim(2), largest.dim(3));
}

}  // namespace

Tensor fuse_levels(const std::vector<Tensor>& maps, const Tensor& weight) {
  Tensor sum;
  int64_t channel = 0;
  for (const Tensor& map : maps) {
    const Tensor part = slice_channels(weight, channel, map.dim(1));
    const Tensor term = enlarged(conv2d(map, part, {}), maps[0]);
    sum = sum.defined() ? add(sum, term) : term;
    channel += map.dim(1);
  }
  return sum;
}

Tensor join_levels(const std::vector<Tensor>& maps) {
  std::vector<Tensor> parts;
  for (const Tensor& map : maps) parts.push_back(enlarged(map, maps[0]));
  return concat_channels(parts);
}

}  // namespace masktwins::nn
