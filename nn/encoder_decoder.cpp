#include "nn/encoder_decoder.h"

#include "tensor/ops/resize_bilinear.h"

namespace masktwins::nn {

EncoderDecoder::EncoderDecoder(std::unique_ptr<Encoder> backbone, std::unique_ptr<DecodeHead> decode_head)
    : backbone_(std::move(backbone)), decode_head_(std::move(decode_head)) {
  register_module("backbone", *backbone_);
  register_module("decode_head", *decode_head_);
}

Tensor EncoderDecoder::forward(const Tensor& images) {
  const Tensor logits = decode_head_->forward(backbone_->forward(images));
  return resize_bilinear(logits, images.dim(2), images.dim(3));
}

SegmentationOutput EncoderDecoder::outputs(const Tensor& images) {
  const std::vector<Tensor> maps = backbone_->forward(images);
  return {.logits = decode_head_->forward(maps), .features = maps.back()};
}

}  // namespace masktwins::nn
