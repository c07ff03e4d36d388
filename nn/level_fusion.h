// How a DAFormer head makes one map of the embedded maps of all stages.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nn/conv_module.h"

namespace masktwins::nn {

class LevelFusion : public Module {
 public:
  // maps (N, embed_channels, h_i, w_i), the largest first -> (N, channels, h_0, w_0).
  virtual Tensor forward(const std::vector<Tensor>& maps) = 0;
};

// name: aspp, dense-aspp, conv1 or isa; `in_channels` is the sum over the maps. Throws Error for other names.
std::unique_ptr<LevelFusion> build_fusion(const std::string& name, int64_t in_channels, int64_t channels,
                                          Initializer& init);

// One 1x1 convolution with batch norm and ReLU: conv, bn.
class PointwiseFusion : public LevelFusion {
 public:
  PointwiseFusion(int64_t in_channels, int64_t channels, Initializer& init);
  Tensor forward(const std::vector<Tensor>& maps) override;

 private:
  Conv2d conv_;
  BatchNorm2d bn_;
};

// Atrous spatial pyramid pooling (Chen et al. 2018) without the branch over the whole image: a 1x1
// convolution and three 3x3 ones of dilation 6, 12 and 18, joined and fused by a 3x3 convolution.
// aspp_modules.{0..3}, bottleneck. Branch: SeparableConvModule, as in DAFormer, or DilatedConvModule.
template <class Branch>
class AsppFusion : public LevelFusion {
 public:
  AsppFusion(int64_t in_channels, int64_t channels, Initializer& init);
  Tensor forward(const std::vector<Tensor>& maps) override;

 private:
  PointwiseFusion pointwise_;
  std::vector<std::unique_ptr<Branch>> dilated_;
  ConvModule bottleneck_;
};
extern template class AsppFusion<SeparableConvModule>;
extern template class AsppFusion<DilatedConvModule>;

}  // namespace masktwins::nn
