#include "masktwins/feature_distance.h"

#include "tensor/autograd.h"
#include "tensor/ops/class_cells.h"
#include "tensor/ops/l2_distance.h"

namespace masktwins {
namespace {

constexpr double least_share = 0.75;

Tensor flags(const std::vector<int64_t>& classes) {
  Tensor wanted = Tensor::zeros({256}, DType::uint8);
  for (const int64_t k : classes) wanted.data<uint8_t>()[k] = 1;
  return wanted;
}

}  // namespace

FeatureDistance::FeatureDistance(std::unique_ptr<nn::SegmentationModel> reference,
                                 const std::vector<int64_t>& classes)
    : reference_(std::move(reference)), wanted_(flags(classes).to(reference_->device())) {
  reference_->set_training(false);
}

Tensor FeatureDistance::loss(const Tensor& features, const Tensor& images, const Tensor& labels) const {
  Tensor target;
  {
    const NoGrad no_grad;
    target = reference_->features(images);
  }
  const int64_t factor = labels.dim(2) / features.dim(3);
  const Tensor cells = class_cells(labels, wanted_, factor, least_share, wide(features.dtype()));
  return l2_distance(features, target, cells);
}

}  // namespace masktwins
