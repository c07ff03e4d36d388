#include "nn/unet.h"

#include "nn/style_transfer.h"
#include "tensor/ops/concat_channels.h"
#include "tensor/ops/max_pool2d.h"

namespace masktwins::nn {
namespace {

constexpr Conv2dOptions same_size{.stride = 1, .padding = 1};
constexpr Conv2dOptions doubling{.stride = 2};

}  // namespace

DoubleConv::DoubleConv(int64_t in_channels, int64_t out_channels, const std::string& norm, Initializer& init)
    : conv0_(in_channels, out_channels, 3, same_size, init),
      conv3_(out_channels, out_channels, 3, same_size, init),
      norm1_(build_normalization(norm, out_channels)),
      norm4_(build_normalization(norm, out_channels)) {
  register_module("conv.0", conv0_);
  register_module("conv.1", *norm1_);
  register_module("conv.3", conv3_);
  register_module("conv.4", *norm4_);
}

Tensor DoubleConv::forward(const Tensor& x) {
  return norm4_->forward_relu(conv3_.forward(norm1_->forward_relu(conv0_.forward(x))));
}

DownStage::DownStage(int64_t in_channels, int64_t out_channels, const std::string& norm, Initializer& init)
    : conv_(in_channels, out_channels, norm, init) {
  register_module("mpconv.1", conv_);
}

Tensor DownStage::forward(const Tensor& x) {
  return conv_.forward(max_pool2d(x, {.kernel = 2, .stride = 2}));
}

UpStage::UpStage(int64_t in_channels, int64_t skip_channels, int64_t out_channels, const std::string& norm,
                 Initializer& init)
    : up_(in_channels, in_channels, 2, doubling, init),
      conv_(skip_channels + in_channels, out_channels, norm, init) {
  register_module("up", up_);
  register_module("conv", conv_);
}

Tensor UpStage::forward(const Tensor& x, const Tensor& skip) {
  return conv_.forward(concat_channels({skip, up_.forward(x)}));
}

UNet::UNet(const ModelOptions& options) : UNet(options, Initializer(options.seed)) {}

UNet::UNet(const ModelOptions& o, Initializer init)
    : inc_(o.in_channels, o.width, o.norm, init),
      down1_(o.width, 2 * o.width, o.norm, init),
      down2_(2 * o.width, 4 * o.width, o.norm, init),
      down3_(4 * o.width, 8 * o.width, o.norm, init),
      down4_(8 * o.width, 8 * o.width, o.norm, init),
      up1_(8 * o.width, 8 * o.width, 4 * o.width, o.norm, init),
      up2_(4 * o.width, 4 * o.width, 2 * o.width, o.norm, init),
      up3_(2 * o.width, 2 * o.width, o.width, o.norm, init),
      up4_(o.width, o.width, o.width / 2, o.norm, init),
      out0_(o.width / 2, o.width / 2, 3, same_size, init),
      out3_(o.width / 2, o.classes, 3, same_size, init),
      out1_(build_normalization(o.norm, o.width / 2)) {
  register_module("inc.conv", inc_);
  register_module("down1", down1_);
  register_module("down2", down2_);
  register_module("down3", down3_);
  register_module("down4", down4_);
  register_module("up1", up1_);
  register_module("up2", up2_);
  register_module("up3", up3_);
  register_module("up4", up4_);
  register_module("out.conv.0", out0_);
  register_module("out.conv.1", *out1_);
  register_module("out.conv.3", out3_);
}

Tensor UNet::forward(const Tensor& images) {
  const ImageSize size = image_size(images, "unet");
  require(size.height % size_multiple() == 0 && size.width % size_multiple() == 0, "unet: images are ",
          size.height, "x", size.width, ", height and width must be multiples of 16; choose train.crop so");
  const Tensor x1 = early_map(EarlyMap::stage1, inc_.forward(images));
  const Tensor x2 = down1_.forward(x1);
  const Tensor x3 = down2_.forward(x2);
  const Tensor x4 = down3_.forward(x3);
  const Tensor x5 = down4_.forward(x4);
  const Tensor y1 = up1_.forward(x5, x4);
  const Tensor y2 = up2_.forward(y1, x3);
  const Tensor y3 = up3_.forward(y2, x2);
  const Tensor y4 = up4_.forward(y3, x1);
  return out3_.forward(out1_->forward_relu(out0_.forward(y4)));
}

namespace {
const RegisterModel registered("unet", [](const ModelOptions& options) {
  require(options.width >= 2 && options.width % 2 == 0,
          "model.width: the unet halves it, so it must be even, got ", options.width);
  return std::make_unique<UNet>(options);
});
}  // namespace

}  // namespace masktwins::nn
