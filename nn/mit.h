// The Mix Transformer encoder (Xie et al., "SegFormer", NeurIPS 2021), B0 to B5: four stages of overlapping
// patch embeddings and transformer blocks whose keys and values come from a smaller map. Parameters carry the
// names of the official checkpoints:
//
//   patch_embed{s}.{proj,norm}   conv 7x7 of stride 4, later 3x3 of stride 2, then layer norm      s = 1..4
//   block{s}.{i}.norm1, .attn.{q,kv,proj}, .attn.{sr,norm} where the map is reduced                i = 0..
//   block{s}.{i}.norm2, .mlp.{fc1,dwconv.dwconv,fc2}
//   norm{s}
//
// Tokens stay images (N, C, H, W) all the way: their memory is the same.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "nn/conv2d.h"
#include "nn/encoder_decoder.h"
#include "nn/layer_norm.h"
#include "nn/linear.h"

namespace masktwins::nn {

struct MitOptions {
  std::array<int64_t, 4> channels, depths;
  std::array<int64_t, 4> heads = {1, 2, 5, 8};
  std::array<int64_t, 4> reductions = {8, 4, 2, 1};  // of the map that keys and values come from, per side
  int64_t in_channels = 3;
  double drop_path = 0.1;         // probability that the last block is left out; linear from 0 at the first
  int64_t checkpoint_blocks = 0;  // so many of the first blocks keep nothing but their input for backward
};

// size 0 to 5, as in B0 to B5. Throws Error for others.
MitOptions mit_options(int64_t size);

// Queries from every pixel of x, keys and values from x reduced by `reduction` per side.
class EfficientAttention : public Module {
 public:
  EfficientAttention(int64_t channels, int64_t heads, int64_t reduction, Initializer& init);
  Tensor forward(const Tensor& x) const;

 private:
  int64_t heads_;
  double scale_;
  Linear q_, kv_, proj_;
  std::unique_ptr<Conv2d> sr_;  // null without reduction
  std::unique_ptr<LayerNorm> norm_;
};

// Linear to four times the channels, depthwise 3x3 convolution, GELU, linear back.
class MixFfn : public Module {
 public:
  MixFfn(int64_t channels, Initializer& init);
  Tensor forward(const Tensor& x) const;

 private:
  Linear fc1_;
  DepthwiseConv2d dwconv_;
  Linear fc2_;
};

// x + attention(norm(x)), then x + ffn(norm(x)); in training each branch is left out with probability
// `drop_path`.
class MixBlock : public Module {
 public:
  MixBlock(int64_t channels, int64_t heads, int64_t reduction, double drop_path, Initializer& init);
  Tensor forward(const Tensor& x) const;

 private:
  LayerNorm norm1_;
  EfficientAttention attn_;
  LayerNorm norm2_;
  MixFfn mlp_;
  double drop_path_;
};

class OverlapPatchEmbed : public Module {
 public:
  OverlapPatchEmbed(int64_t in_channels, int64_t out_channels, int64_t kernel, int64_t stride,
                    Initializer& init);
  Tensor forward(const Tensor& x) const;

 private:
  Conv2d proj_;
  LayerNorm norm_;
};

class MixTransformer : public Encoder {
 public:
  MixTransformer(const MitOptions& options, Initializer& init);

  // The maps of the four stages, (N, channels[s], H / 4·2^s, W / 4·2^s).
  std::vector<Tensor> forward(const Tensor& images) override;
  std::vector<int64_t> channels() const override { return {channels_.begin(), channels_.end()}; }
  int64_t size_multiple() const override { return 32; }

 private:
  struct Stage {
    Stage(const MitOptions& options, int s, Initializer& init);
    OverlapPatchEmbed patch_embed;
    std::vector<std::unique_ptr<MixBlock>> blocks;
    LayerNorm norm;
  };

  std::array<int64_t, 4> channels_;
  int64_t checkpoint_blocks_;
  std::vector<std::unique_ptr<Stage>> stages_;
};

}  // namespace masktwins::nn
