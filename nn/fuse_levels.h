#pragma once

#include <vector>

#include "tensor/tensor.h"

namespace masktwins::nn {

// A 1x1 convolution of maps of several sizes, after they were enlarged to the size of the first and joined
// along their channels: maps (N, C, h_i, w_i), weight (O, C · number of maps, 1, 1) -> (N, O, h_0, w_0).
//
// Enlarging and a 1x1 convolution may change places, since one mixes pixels and the other channels. So each
// map is convolved at its own size, which is less work the smaller the map, and the joined map never exists.
Tensor fuse_levels(const std::vector<Tensor>& maps, const Tensor& weight);

// All maps enlarged to the size of the first and joined along their channels.
Tensor join_levels(const std::vector<Tensor>& maps);

}  // namespace masktwins::nn
