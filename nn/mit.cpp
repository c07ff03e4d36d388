#include "nn/mit.h"

#include <cmath>
#include <numeric>

#include "nn/style_transfer.h"
#include "tensor/autograd.h"
#include "tensor/ops/add.h"
#include "tensor/ops/attention.h"
#include "tensor/ops/dropout.h"
#include "tensor/ops/gelu.h"

namespace masktwins::nn {
namespace {

// First values as in the official code: linear weights normal with deviation 0.02 (it truncates them at 2,
// which no draw reaches), convolutions normal with variance 2 / fan_out, biases zero.
Linear mit_linear(int64_t inputs, int64_t outputs, Initializer& init) {
  return {init.normal({outputs, inputs}, 0.02), Tensor::zeros({outputs})};
}

Conv2d mit_conv(int64_t in_channels, int64_t out_channels, int64_t kernel, const Conv2dOptions& options,
                Initializer& init) {
  return {
      options,
      init.normal({out_channels, in_channels, kernel, kernel}, he_deviation(out_channels * kernel * kernel)),
      Tensor::zeros({out_channels})};
}

std::size_t index(int s) { return static_cast<std::size_t>(s); }

}  // namespace

MitOptions mit_options(int64_t size) {
  require(size >= 0 && size <= 5, "mit: there are B0 to B5, not B", size);
  constexpr std::array<std::array<int64_t, 4>, 6> depths = {
      {{2, 2, 2, 2}, {2, 2, 2, 2}, {3, 4, 6, 3}, {3, 4, 18, 3}, {3, 8, 27, 3}, {3, 6, 40, 3}}};
  MitOptions options;
  options.channels =
      size == 0 ? std::array<int64_t, 4>{32, 64, 160, 256} : std::array<int64_t, 4>{64, 128, 320, 512};
  options.depths = depths[static_cast<std::size_t>(size)];
  return options;
}

EfficientAttention::EfficientAttention(int64_t channels, int64_t heads, int64_t reduction, Initializer& init)
    : heads_(heads),
      scale_(1 / std::sqrt(static_cast<double>(channels / heads))),
      q_(mit_linear(channels, channels, init)),
      kv_(mit_linear(channels, 2 * channels, init)),
      proj_(mit_linear(channels, channels, init)) {
  register_module("q", q_);
  register_module("kv", kv_);
  register_module("proj", proj_);
  if (reduction == 1) return;
  sr_.reset(new Conv2d(mit_conv(channels, channels, reduction, {.stride = reduction}, init)));
  norm_ = std::make_unique<LayerNorm>(channels, 1e-5);
  register_module("sr", *sr_);
  register_module("norm", *norm_);
}

Tensor EfficientAttention::forward(const Tensor& x) const {
  const Tensor reduced = sr_ ? norm_->forward(sr_->forward(x)) : x;
  return proj_.forward(attention(q_.forward(x), kv_.forward(reduced), heads_, scale_));
}

MixFfn::MixFfn(int64_t channels, Initializer& init)
    : fc1_(mit_linear(channels, 4 * channels, init)),
      dwconv_(1, init.normal({4 * channels, 1, 3, 3}, he_deviation(9)), Tensor::zeros({4 * channels})),
      fc2_(mit_linear(4 * channels, channels, init)) {
  register_module("fc1", fc1_);
  register_module("dwconv.dwconv", dwconv_);
  register_module("fc2", fc2_);
}

Tensor MixFfn::forward(const Tensor& x) const { return fc2_.forward(gelu(dwconv_.forward(fc1_.forward(x)))); }

MixBlock::MixBlock(int64_t channels, int64_t heads, int64_t reduction, double drop_path, Initializer& init)
    : norm1_(channels, 1e-6),
      attn_(channels, heads, reduction, init),
      norm2_(channels, 1e-6),
      mlp_(channels, init),
      drop_path_(drop_path) {
  register_module("norm1", norm1_);
  register_module("attn", attn_);
  register_module("norm2", norm2_);
  register_module("mlp", mlp_);
}

Tensor MixBlock::forward(const Tensor& x) const {
  const double p = training() ? drop_path_ : 0;
  const Tensor y = add(x, drop_path(attn_.forward(norm1_.forward(x)), p));
  return add(y, drop_path(mlp_.forward(norm2_.forward(y)), p));
}

OverlapPatchEmbed::OverlapPatchEmbed(int64_t in_channels, int64_t out_channels, int64_t kernel,
                                     int64_t stride, Initializer& init)
    : proj_(mit_conv(in_channels, out_channels, kernel, {.stride = stride, .padding = kernel / 2}, init)),
      norm_(out_channels, 1e-5) {
  register_module("proj", proj_);
  register_module("norm", norm_);
}

Tensor OverlapPatchEmbed::forward(const Tensor& x) const { return norm_.forward(proj_.forward(x)); }

MixTransformer::Stage::Stage(const MitOptions& o, int s, Initializer& init)
    : patch_embed(s == 0 ? o.in_channels : o.channels[index(s - 1)], o.channels[index(s)], s == 0 ? 7 : 3,
                  s == 0 ? 4 : 2, init),
      norm(o.channels[index(s)], 1e-6) {
  const int64_t all_blocks = std::accumulate(o.depths.begin(), o.depths.end(), int64_t{0});
  const int64_t before = std::accumulate(o.depths.begin(), o.depths.begin() + s, int64_t{0});
  for (int64_t i = 0; i < o.depths[index(s)]; ++i) {
    const double depth =
        static_cast<double>(before + i) / static_cast<double>(std::max<int64_t>(1, all_blocks - 1));
    blocks.push_back(std::make_unique<MixBlock>(o.channels[index(s)], o.heads[index(s)],
                                                o.reductions[index(s)], o.drop_path * depth, init));
  }
}

MixTransformer::MixTransformer(const MitOptions& options, Initializer& init)
    : channels_(options.channels), checkpoint_blocks_(options.checkpoint_blocks) {
  for (int s = 0; s < 4; ++s) {
    stages_.push_back(std::make_unique<Stage>(options, s, init));
    register_module("patch_embed" + std::to_string(s + 1), stages_.back()->patch_embed);
  }
  for (std::size_t s = 0; s < 4; ++s) {
    const std::string number = std::to_string(s + 1);
    for (std::size_t i = 0; i < stages_[s]->blocks.size(); ++i)
      register_module("block" + number + "." + std::to_string(i), *stages_[s]->blocks[i]);
    register_module("norm" + number, stages_[s]->norm);
  }
}

std::vector<Tensor> MixTransformer::forward(const Tensor& images) {
  const ImageSize size = image_size(images, "mit");
  require(size.height % 32 == 0 && size.width % 32 == 0, "mit: images are ", size.height, "x", size.width,
          ", height and width must be multiples of 32; choose train.crop so");
  std::vector<Tensor> maps;
  int64_t blocks = 0;
  Tensor x = images;
  for (const auto& stage : stages_) {
    x = stage->patch_embed.forward(x);
    if (maps.empty()) x = early_map(EarlyMap::embedding, x);
    for (const auto& block : stage->blocks) {
      const auto run = [&block = *block](const std::vector<Tensor>& in) { return block.forward(in[0]); };
      x = blocks++ < checkpoint_blocks_ ? checkpoint(run, {x}) : run({x});
    }
    x = stage->norm.forward(x);
    if (maps.empty()) x = early_map(EarlyMap::stage1, x);
    maps.push_back(x);
  }
  return maps;
}

}  // namespace masktwins::nn
