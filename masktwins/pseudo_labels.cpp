#include "masktwins/pseudo_labels.h"

#include "tensor/ops/pseudo_label.h"

namespace masktwins {
namespace {

template <class T>
PseudoLabels weigh(const PseudoLabel& teacher, int64_t classes, const UdaConfig& uda) {
  const int64_t pixels = teacher.label.numel();
  const uint8_t* label = teacher.label.data<uint8_t>();
  const T* probability = teacher.probability.data<T>();
  int64_t sure = 0;
  std::vector<int64_t> count(static_cast<std::size_t>(classes));
  for (int64_t i = 0; i < pixels; ++i) {
    sure += static_cast<double>(probability[i]) >= uda.quality_threshold;
    ++count[label[i]];
  }

  PseudoLabels result;
  result.labels = teacher.label;
  result.probability = teacher.probability;
  const double all = static_cast<double>(pixels);
  result.quality = static_cast<double>(sure) / all;
  for (const int64_t n : count) result.class_share.push_back(static_cast<double>(n) / all);

  const T weight = static_cast<T>(uda.quality_weight ? result.quality : 1);
  result.weights = Tensor::empty(teacher.label.shape(), teacher.probability.dtype());
  T* out = result.weights.template data<T>();
  for (int64_t i = 0; i < pixels; ++i)
    out[i] = static_cast<double>(probability[i]) >= uda.threshold ? weight : T{};
  return result;
}

}  // namespace

PseudoLabels label_by_teacher(const Tensor& logits, const UdaConfig& uda) {
  const PseudoLabel teacher = pseudo_label(logits, uda.foreground_threshold);
  return dispatch_floating(logits.dtype(), "label_by_teacher",
                           [&](auto zero) { return weigh<decltype(zero)>(teacher, logits.dim(1), uda); });
}

}  // namespace masktwins
