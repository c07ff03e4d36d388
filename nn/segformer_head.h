#pragma once

#include "nn/encoder_decoder.h"
#include "nn/level_fusion.h"
#include "nn/linear.h"

namespace masktwins::nn {

// The head of SegFormer (Xie et al., NeurIPS 2021): each map by a linear layer to `channels`, enlarged to the
// first one's size, joined, 1x1 convolution, dropout, logits. Parameters: linear_c.{i}.proj.*,
// linear_fuse.{conv,bn}.*, linear_pred.*; linear_fuse.conv takes the maps in the order of the encoder
// (NVIDIA's and Hugging Face's checkpoints have the last map first).
class SegformerHead : public DecodeHead {
 public:
  SegformerHead(const std::vector<int64_t>& map_channels, int64_t channels, int64_t classes, double dropout,
                Initializer& init);
  Tensor forward(const std::vector<Tensor>& maps) override;

 private:
  std::vector<std::unique_ptr<Linear>> linear_c_;
  PointwiseFusion linear_fuse_;
  Conv2d linear_pred_;
  double dropout_;
};

}  // namespace masktwins::nn
