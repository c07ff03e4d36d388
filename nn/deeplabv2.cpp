#include "nn/deeplabv2.h"

#include "nn/hrda.h"
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

using Depths = std::array<int64_t, 4>;

std::unique_ptr<Encoder> encoder(const Depths& depths, const ModelOptions& o, Initializer& init) {
  ResNetOptions resnet;
  resnet.in_channels = o.in_channels;
  resnet.depths = depths;
  for (std::size_t s = 0; s < 4; ++s) {
    if (o.stage_channels[s] > 0) resnet.widths[s] = o.stage_channels[s];
    if (o.stage_depths[s] > 0) resnet.depths[s] = o.stage_depths[s];
  }
  return std::make_unique<ResNet>(resnet, init);
}

std::unique_ptr<DecodeHead> head(const Encoder& backbone, const ModelOptions& o, Initializer& init) {
  return std::make_unique<DeeplabV2Head>(backbone.channels().back(), o.classes,
                                         std::vector<int64_t>{6, 12, 18, 24}, init);
}

std::unique_ptr<SegmentationModel> deeplabv2(const Depths& depths, const ModelOptions& o) {
  Initializer init(o.seed);
  auto backbone = encoder(depths, o, init);
  auto decode_head = head(*backbone, o, init);
  return std::make_unique<EncoderDecoder>(std::move(backbone), std::move(decode_head));
}

std::unique_ptr<SegmentationModel> hrda(const Depths& depths, const ModelOptions& o) {
  Initializer init(o.seed);
  auto backbone = encoder(depths, o, init);
  auto decode_head = head(*backbone, o, init);
  auto scale_attention = head(*backbone, o, init);
  return std::make_unique<Hrda>(std::move(backbone), std::move(decode_head), std::move(scale_attention),
                                o.hr_crop, 8);
}

struct RegisterFamily {
  RegisterFamily() {
    for (const auto& [suffix, depths] :
         {std::pair("r50", Depths{3, 4, 6, 3}), {"r101", Depths{3, 4, 23, 3}}}) {
      RegisterModel(concat_text("deeplabv2-", suffix),
                    [=](const ModelOptions& o) { return deeplabv2(depths, o); });
      RegisterModel(concat_text("hrda-deeplabv2-", suffix),
                    [=](const ModelOptions& o) { return hrda(depths, o); });
    }
  }
};
const RegisterFamily registered;

}  // namespace

}  // namespace masktwins::nn
