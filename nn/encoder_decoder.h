// Networks made of an encoder, which gives maps of several resolutions, and a head, which makes logits of
// them. Parameters: backbone.*, decode_head.*, as in mmsegmentation.
#pragma once

#include <memory>
#include <vector>

#include "nn/segmentation_model.h"

namespace masktwins::nn {

class Encoder : public Module {
 public:
  // images (N, in_channels, H, W) -> the maps of all stages, the largest first.
  virtual std::vector<Tensor> forward(const Tensor& images) = 0;
  // Channels of the maps.
  virtual std::vector<int64_t> channels() const = 0;
  // Height and width of the images must be multiples of this.
  virtual int64_t size_multiple() const = 0;
};

class DecodeHead : public Module {
 public:
  // The maps of an encoder -> logits (N, classes, h, w).
  virtual Tensor forward(const std::vector<Tensor>& maps) = 0;
};

class EncoderDecoder : public SegmentationModel {
 public:
  EncoderDecoder(std::unique_ptr<Encoder> backbone, std::unique_ptr<DecodeHead> decode_head);

  Tensor forward(const Tensor& images) override;
  SegmentationOutput outputs(const Tensor& images) override;
  bool has_features() const override { return true; }
  Tensor features(const Tensor& images) override { return backbone_->forward(images).back(); }
  int64_t size_multiple() const override { return backbone_->size_multiple(); }

 private:
  std::unique_ptr<Encoder> backbone_;
  std::unique_ptr<DecodeHead> decode_head_;
};

}  // namespace masktwins::nn
