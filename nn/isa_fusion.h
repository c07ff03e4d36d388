// Interlaced sparse self-attention (Huang et al. 2019, arXiv:1907.12273) as a fusion of DAFormer's ablation.
// Attention of all positions to all costs the square of their number. Here a position looks at those that lie
// a multiple of 8 rows and columns away, then at the 8x8 neighbours, so that in two steps it sees everything.
#pragma once

#include "nn/level_fusion.h"

namespace masktwins::nn {

// Self-attention among the positions of an image, with one head, of projected positions:
// query_project, key_project (1x1 ConvModules), value_project (1x1 convolution with bias), output_project
// (ConvModule).
class SelfAttention : public Module {
 public:
  SelfAttention(int64_t channels, Initializer& init);
  Tensor forward(const Tensor& x);  // (N, channels, h, w), the same for the result

 private:
  double scale_;
  ConvModule query_project_, key_project_;
  Conv2d value_project_;
  ConvModule output_project_;
};

// in_conv (1x1), global_relation, local_relation. Maps are padded with zeros to multiples of 8, and positions
// of the padding are looked at like all others, as in mmsegmentation.
class IsaFusion : public LevelFusion {
 public:
  IsaFusion(int64_t in_channels, int64_t channels, Initializer& init);
  Tensor forward(const std::vector<Tensor>& maps) override;

 private:
  PointwiseFusion in_conv_;
  SelfAttention global_relation_, local_relation_;
};

}  // namespace masktwins::nn
