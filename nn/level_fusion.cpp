#include "nn/level_fusion.h"

#include "nn/fuse_levels.h"
#include "nn/isa_fusion.h"
#include "tensor/ops/concat_channels.h"

namespace masktwins::nn {

std::unique_ptr<LevelFusion> build_fusion(const std::string& name, int64_t in_channels, int64_t channels,
                                          Initializer& init) {
  if (name == "aspp") return std::make_unique<AsppFusion<SeparableConvModule>>(in_channels, channels, init);
  if (name == "dense-aspp")
    return std::make_unique<AsppFusion<DilatedConvModule>>(in_channels, channels, init);
  if (name == "conv1") return std::make_unique<PointwiseFusion>(in_channels, channels, init);
  if (name == "isa") return std::make_unique<IsaFusion>(in_channels, channels, init);
  fail("model.fusion: unknown fusion '", name, "'; known: aspp, dense-aspp, conv1, isa, context-f4");
}

PointwiseFusion::PointwiseFusion(int64_t in_channels, int64_t channels, Initializer& init)
    : conv_(he_conv2d(in_channels, channels, 1, {}, init)), bn_(channels) {
  register_module("conv", conv_);
  register_module("bn", bn_);
}

Tensor PointwiseFusion::forward(const std::vector<Tensor>& maps) {
  return bn_.forward_relu(fuse_levels(maps, conv_.weight()));
}

template <class Branch>
AsppFusion<Branch>::AsppFusion(int64_t in_channels, int64_t channels, Initializer& init)
    : pointwise_(in_channels, channels, init), bottleneck_(4 * channels, channels, 3, {.padding = 1}, init) {
  register_module("aspp_modules.0", pointwise_);
  for (const int64_t dilation : {6, 12, 18}) {
    dilated_.push_back(std::make_unique<Branch>(in_channels, channels, dilation, init));
    register_module("aspp_modules." + std::to_string(dilated_.size()), *dilated_.back());
  }
  register_module("bottleneck", bottleneck_);
}

template <class Branch>
Tensor AsppFusion<Branch>::forward(const std::vector<Tensor>& maps) {
  std::vector<Tensor> branches = {pointwise_.forward(maps)};
  const Tensor joined = join_levels(maps);
  for (const auto& branch : dilated_) branches.push_back(branch->forward(joined));
  return bottleneck_.forward(concat_channels(branches));
}

template class AsppFusion<SeparableConvModule>;
template class AsppFusion<DilatedConvModule>;

}  // namespace masktwins::nn
