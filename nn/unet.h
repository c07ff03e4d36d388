// The five-stage U-Net for electron microscopy of DA-ISC (Huang et al., 2022) that the paper trains on
// mitochondria, with one section as input. width w = 64:
//
//   inc    DC(1 -> w)                        full size
//   down1  pool, DC(w -> 2w)                 1/2
//   down2  pool, DC(2w -> 4w)                1/4
//   down3  pool, DC(4w -> 8w)                1/8
//   down4  pool, DC(8w -> 8w)                1/16
//   up1    Up(8w, with down3 -> 4w)          1/8
//   up2    Up(4w, with down2 -> 2w)          1/4
//   up3    Up(2w, with down1 -> w)           1/2
//   up4    Up(w, with inc -> w/2)            full size
//   out    conv 3x3 w/2 -> w/2, norm, ReLU, conv 3x3 w/2 -> classes
//
// DC is [conv 3x3 with bias, norm, ReLU] twice; Up a transposed conv 2x2 of stride 2 without change of
// channels, then concat [skip, upsampled] and DC. 14,725,026 parameters with w = 64 and instance norm.
#pragma once

#include <memory>

#include "nn/conv2d.h"
#include "nn/normalization.h"
#include "nn/segmentation_model.h"

namespace masktwins::nn {

class DoubleConv : public Module {
 public:
  DoubleConv(int64_t in_channels, int64_t out_channels, const std::string& norm, Initializer& init);
  Tensor forward(const Tensor& x);

 private:
  Conv2d conv0_, conv3_;
  std::unique_ptr<Normalization> norm1_, norm4_;
};

// Halves the size of x, then DoubleConv.
class DownStage : public Module {
 public:
  DownStage(int64_t in_channels, int64_t out_channels, const std::string& norm, Initializer& init);
  Tensor forward(const Tensor& x);

 private:
  DoubleConv conv_;
};

// Doubles the size of x, joins it with the encoder's map of that size, then DoubleConv.
class UpStage : public Module {
 public:
  UpStage(int64_t in_channels, int64_t skip_channels, int64_t out_channels, const std::string& norm,
          Initializer& init);
  Tensor forward(const Tensor& x, const Tensor& skip);

 private:
  ConvTranspose2d up_;
  DoubleConv conv_;
};

class UNet : public SegmentationModel {
 public:
  explicit UNet(const ModelOptions& options);
  Tensor forward(const Tensor& images) override;
  int64_t size_multiple() const override { return 16; }

 private:
  UNet(const ModelOptions& options, Initializer init);

  DoubleConv inc_;
  DownStage down1_, down2_, down3_, down4_;
  UpStage up1_, up2_, up3_, up4_;
  Conv2d out0_, out3_;
  std::unique_ptr<Normalization> out1_;
};

}  // namespace masktwins::nn
