#include "nn/deeplabv2.h"

#include "nn/resnet.h"
#include "tensor/ops/add.h"

namespace masktwins::nn {

DeeplabV2Head::DeeplabV2Head(int64_t in_channels, int64_t classes, const std::vector<int64_t>& dilations,
                             Initializer& init) {
  for (const int64_t dilation : dilations) {
    const Conv2dOptions options{.stride = 1, .padding = dilation, .dilation = dilation};
    aspp_modules_.push_back(std::make_unique<Conv2d>(options, init.normal({classes, in_channels, 3, 3}, 0.01),
                                                     Tensor::zeros({classes})));
    register_module(concat_text("aspp_modules.", aspp_modules_.size() - 1, ".conv"), *aspp_modules_.back());
  }
}

Tensor DeeplabV2Head::forward(const std::vector<Tensor>& maps) {
  Tensor sum;
  for (const auto& conv : aspp_modules_) {
    const Tensor term = conv->forward(maps.back());
    sum = sum.defined() ? add(sum, term) : term;
  }
  return sum;
}

namespace {

std::unique_ptr<SegmentationModel> deeplabv2(const std::array<int64_t, 4>& depths, const ModelOptions& o) {
  ResNetOptions resnet;
  resnet.in_channels = o.in_channels;
  resnet.depths = depths;
  for (std::size_t s = 0; s < 4; ++s) {
    if (o.stage_channels[s] > 0) resnet.widths[s] = o.stage_channels[s];
    if (o.stage_depths[s] > 0) resnet.depths[s] = o.stage_depths[s];
  }
  Initializer init(o.seed);
  auto backbone = std::make_unique<ResNet>(resnet, init);
  auto head = std::make_unique<DeeplabV2Head>(backbone->channels().back(), o.classes,
                                              std::vector<int64_t>{6, 12, 18, 24}, init);
  return std::make_unique<EncoderDecoder>(std::move(backbone), std::move(head));
}

const RegisterModel r50("deeplabv2-r50", [](const ModelOptions& o) { return deeplabv2({3, 4, 6, 3}, o); });
const RegisterModel r101("deeplabv2-r101", [](const ModelOptions& o) { return deeplabv2({3, 4, 23, 3}, o); });

}  // namespace

}  // namespace masktwins::nn
