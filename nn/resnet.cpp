#include "nn/resnet.h"

#include "nn/style_transfer.h"
#include "tensor/ops/add.h"
#include "tensor/ops/max_pool2d.h"
#include "tensor/ops/relu.h"

namespace masktwins::nn {
namespace {

// Of the four stages. The first block of a stage has the dilation of the stage before ("contract dilation").
constexpr std::array<int64_t, 4> strides = {1, 2, 1, 1}, dilations = {1, 1, 2, 4},
                                 first_dilations = {1, 1, 1, 2};

Conv2dOptions conv3x3(int64_t stride, int64_t dilation = 1) {
  return {.stride = stride, .padding = dilation, .dilation = dilation};
}

}  // namespace

Bottleneck::Bottleneck(int64_t in_channels, int64_t width, int64_t stride, int64_t dilation,
                       Initializer& init)
    : conv1_(he_conv2d(in_channels, width, 1, {}, init)),
      conv2_(he_conv2d(width, width, 3, conv3x3(stride, dilation), init)),
      conv3_(he_conv2d(width, expansion * width, 1, {}, init)),
      bn1_(width),
      bn2_(width),
      bn3_(expansion * width, 0) {  // a fresh block passes on its input (Goyal et al. 2017)
  register_module("conv1", conv1_);
  register_module("bn1", bn1_);
  register_module("conv2", conv2_);
  register_module("bn2", bn2_);
  register_module("conv3", conv3_);
  register_module("bn3", bn3_);
  if (stride == 1 && in_channels == expansion * width) return;
  downsample_.reset(new Downsample{he_conv2d(in_channels, expansion * width, 1, {.stride = stride}, init),
                                   BatchNorm2d(expansion * width)});
  register_module("downsample.0", downsample_->conv);
  register_module("downsample.1", downsample_->bn);
}

Tensor Bottleneck::forward(const Tensor& x) {
  const Tensor y = bn2_.forward_relu(conv2_.forward(bn1_.forward_relu(conv1_.forward(x))));
  const Tensor shortcut = downsample_ ? downsample_->bn.forward(downsample_->conv.forward(x)) : x;
  return relu(add(bn3_.forward(conv3_.forward(y)), shortcut));
}

ResNet::ResNet(const ResNetOptions& options, Initializer& init)
    : widths_(options.widths),
      stem0_(he_conv2d(options.in_channels, widths_[0] / 2, 3, conv3x3(2), init)),
      stem3_(he_conv2d(widths_[0] / 2, widths_[0] / 2, 3, conv3x3(1), init)),
      stem6_(he_conv2d(widths_[0] / 2, widths_[0], 3, conv3x3(1), init)),
      stem1_(widths_[0] / 2),
      stem4_(widths_[0] / 2),
      stem7_(widths_[0]) {
  register_module("stem.0", stem0_);
  register_module("stem.1", stem1_);
  register_module("stem.3", stem3_);
  register_module("stem.4", stem4_);
  register_module("stem.6", stem6_);
  register_module("stem.7", stem7_);
  int64_t channels = widths_[0];
  for (std::size_t s = 0; s < layers_.size(); ++s)
    for (int64_t i = 0; i < options.depths[s]; ++i) {
      layers_[s].push_back(std::make_unique<Bottleneck>(channels, widths_[s], i == 0 ? strides[s] : 1,
                                                        i == 0 ? first_dilations[s] : dilations[s], init));
      channels = Bottleneck::expansion * widths_[s];
      register_module(concat_text("layer", s + 1, ".", i), *layers_[s].back());
    }
}

std::vector<Tensor> ResNet::forward(const Tensor& images) {
  Tensor x = stem1_.forward_relu(stem0_.forward(images));
  x = stem4_.forward_relu(stem3_.forward(x));
  x = stem7_.forward_relu(stem6_.forward(x));
  x = early_map(EarlyMap::embedding, max_pool2d(x, {.kernel = 3, .stride = 2, .padding = 1}));
  std::vector<Tensor> maps;
  for (const auto& layer : layers_) {
    for (const auto& block : layer) x = block->forward(x);
    if (maps.empty()) x = early_map(EarlyMap::stage1, x);
    maps.push_back(x);
  }
  return maps;
}

std::vector<int64_t> ResNet::channels() const {
  std::vector<int64_t> channels;
  for (const int64_t width : widths_) channels.push_back(Bottleneck::expansion * width);
  return channels;
}

}  // namespace masktwins::nn
