// HRDA (Hoyer et al., "Context-aware high-resolution domain-adaptive semantic segmentation", ECCV 2022): the
// network sees the image at half size, for context, and windows of it at full size, for details; an attention
// per class and pixel, learned from the context, says which of the two to believe.
//
// Parameters: backbone.*, shared by both scales; decode_head.head.*, shared too;
// decode_head.scale_attention.*.
#pragma once

#include "kernels/common/philox.h"
#include "nn/encoder_decoder.h"

namespace masktwins::nn {

class Hrda : public SegmentationModel {
 public:
  // Windows are hr_crop pixels wide and high. Both heads make maps with 1/stride of the height and width of
  // an image, and the same number of classes.
  Hrda(std::unique_ptr<Encoder> backbone, std::unique_ptr<DecodeHead> head,
       std::unique_ptr<DecodeHead> scale_attention, int64_t hr_crop, int64_t stride);

  // Details from windows that overlap by half and cover the whole image, all in one batch, so that batch norm
  // in training mode (the teacher) sees them together; no larger than the image. Records no graph.
  Tensor forward(const Tensor& images) override;
  // Details from one window, drawn from random_stream(); elsewhere the context alone counts. Error for images
  // that do not fill it.
  SegmentationOutput outputs(const Tensor& images) override;
  bool has_features() const override { return true; }
  Tensor features(const Tensor& images) override;
  int64_t size_multiple() const override { return 2 * backbone_->size_multiple(); }
  int64_t detail_window() const override { return hr_crop_; }

 private:
  // What the image at half size says: logits, and how much to believe details instead, both (N, K, h, w).
  struct Context {
    Tensor logits, attention, features;
  };
  Context look_at_context(const Tensor& images);
  Tensor details_everywhere(const Tensor& images);
  // 1 / the number of windows that show a pixel, for logits like these.
  const Tensor& share_of_window(const Tensor& logits, const std::vector<int64_t>& tops,
                                const std::vector<int64_t>& lefts);
  void check_size(const Tensor& images) const;

  std::unique_ptr<Encoder> backbone_;
  std::unique_ptr<DecodeHead> head_, scale_attention_;
  int64_t hr_crop_, stride_;
  Tensor share_of_window_;  // of the last call: made on the host, and a step shall not wait for its copy
};

// A square window in an image. Its corner is a multiple of so many pixels, each with the same probability;
// the last possible one, where the window ends with the image, is left out as in the release.
Window draw_window(int64_t height, int64_t width, int64_t side, int64_t multiple,
                   const kernels::RandomWords& words);

// The corners of windows of `window` pixels along an axis of `size` pixels that overlap by half; the last one
// is shifted to end with the axis.
std::vector<int64_t> half_overlapping_windows(int64_t size, int64_t window);

}  // namespace masktwins::nn
