#include "masktwins/pseudo_labels.h"

#include "tensor/ops/mul.h"
#include "tensor/ops/pseudo_label.h"
#include "tensor/ops/weigh_labels.h"

namespace masktwins {

double PseudoLabels::quality() const { return shares.alias({}).item(); }

std::vector<double> PseudoLabels::class_share() const {
  std::vector<double> values = shares.to(Device::cpu).to(DType::float64).to_values<double>();
  values.erase(values.begin());
  return values;
}

PseudoLabels label_by_teacher(const Tensor& logits, const UdaConfig& uda, const Tensor& pixel_weights) {
  const PseudoLabel teacher = pseudo_label(logits, uda.foreground_threshold);
  const LabelWeights weights =
      weigh_labels(teacher.label, teacher.probability, logits.dim(1),
                   {.sure = uda.quality_threshold, .least = uda.threshold, .by_quality = uda.quality_weight});
  const Tensor weight = pixel_weights.defined()
                            ? mul(weights.weight, pixel_weights.to(weights.weight.dtype()))
                            : weights.weight;
  return {teacher.label, teacher.probability, weight, weights.shares};
}

}  // namespace masktwins
