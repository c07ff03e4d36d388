#include "masktwins/segmentation_loss.h"

#include "tensor/ops/add.h"
#include "tensor/ops/crop.h"
#include "tensor/ops/cross_entropy.h"
#include "tensor/ops/resize_bilinear.h"
#include "tensor/ops/scale.h"

namespace masktwins {
namespace {

Tensor enlarged_cross_entropy(const Tensor& logits, const Tensor& labels, const Tensor& weights) {
  const bool same_size = logits.dim(2) == labels.dim(1) && logits.dim(3) == labels.dim(2);
  return cross_entropy(same_size ? logits : resize_bilinear(logits, labels.dim(1), labels.dim(2)), labels,
                       weights);
}

}  // namespace

Tensor segmentation_loss(const nn::SegmentationOutput& output, const Tensor& labels, const Tensor& weights,
                         double detail_weight) {
  const Tensor loss = enlarged_cross_entropy(output.logits, labels, weights);
  if (!output.detail_logits.defined()) return loss;
  const auto inside = [&w = output.detail_window](const Tensor& map) {
    return map.defined() ? crop(map, w.top, w.left, w.height, w.width) : Tensor();
  };
  const Tensor detail_loss = enlarged_cross_entropy(output.detail_logits, inside(labels), inside(weights));
  return add(scale(loss, 1 - detail_weight), scale(detail_loss, detail_weight));
}

}  // namespace masktwins
