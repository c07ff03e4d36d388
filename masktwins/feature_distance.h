// Keeps the student's features near those of its pretrained encoder where the source shows things such as
// cars and persons (DAFormer, CVPR 2022; section 3.2): self-training would forget what ImageNet taught about
// them.
#pragma once

#include <memory>
#include <vector>

#include "nn/segmentation_model.h"

namespace masktwins {

class FeatureDistance {
 public:
  // `reference` has the pretrained weights and never changes. `classes`: the things.
  FeatureDistance(std::unique_ptr<nn::SegmentationModel> reference, const std::vector<int64_t>& classes);

  // Mean over cells of the feature map, in which one of the classes covers at least 75 % of the pixels, of
  // the Euclidean distance between the student's `features` (N, C, h, w) for `images` and the reference's; 0
  // if there is no such cell. labels uint8 (N, H, W).
  Tensor loss(const Tensor& features, const Tensor& images, const Tensor& labels) const;

 private:
  std::unique_ptr<nn::SegmentationModel> reference_;
  Tensor wanted_;  // uint8 (256)
};

}  // namespace masktwins
