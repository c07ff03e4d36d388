#pragma once

#include "nn/encoder_decoder.h"
#include "nn/level_fusion.h"
#include "nn/linear.h"

namespace masktwins::nn {

// How the head embeds the last map where it alone is looked at in context: a 1x1 convolution with bias (0),
// enlarged, then separable atrous spatial pyramid pooling (1).
class ContextEmbedding : public Module {
 public:
  ContextEmbedding(int64_t in_channels, int64_t channels, Initializer& init);
  // (N, in_channels, h, w) -> (N, channels, height, width).
  Tensor forward(const Tensor& map, int64_t height, int64_t width);

 private:
  Conv2d conv_;
  AsppFusion<SeparableConvModule> aspp_;
};

// The head of DAFormer (Hoyer et al., CVPR 2022): each map by a linear layer to `channels`, enlarged to the
// first one's size, fused, dropout, logits. Parameters: embed_layers.{i}.proj.*, fuse_layer.*, conv_seg.*.
//
// fusion: as build_fusion has them, aspp that of DAFormer; with "context-f4" the last map has a
// ContextEmbedding (embed_layers.{i}.{0,1}.*), and the fusion is conv1. These are the variants of the paper's
// ablation.
class DaformerHead : public DecodeHead {
 public:
  DaformerHead(const std::vector<int64_t>& map_channels, int64_t channels, int64_t classes,
               const std::string& fusion, double dropout, Initializer& init);
  Tensor forward(const std::vector<Tensor>& maps) override;

 private:
  std::vector<std::unique_ptr<Linear>> embed_layers_;
  std::unique_ptr<ContextEmbedding> context_;  // of the last map, or null
  std::unique_ptr<LevelFusion> fuse_layer_;
  Conv2d conv_seg_;
  double dropout_;
};

}  // namespace masktwins::nn
