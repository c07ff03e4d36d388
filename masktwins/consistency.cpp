#include "masktwins/consistency.h"

#include "tensor/ops/add.h"
#include "tensor/ops/l2_distance.h"
#include "tensor/ops/mse.h"
#include "tensor/ops/scale.h"
#include "tensor/ops/softmax_channels.h"

namespace masktwins {

Tensor consistency(const std::vector<Tensor>& logits, const std::string& kind) {
  require(logits.size() >= 2, "consistency: needs at least two views, got ", logits.size());
  std::vector<Tensor> values = logits;
  if (kind != "mse_logits")
    for (Tensor& value : values) value = softmax_channels(value);
  Tensor sum;
  double pairs = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = i + 1; j < values.size(); ++j, ++pairs) {
      const Tensor term = kind == "l2_prob" ? l2_distance(values[i], values[j]) : mse(values[i], values[j]);
      sum = sum.defined() ? add(sum, term) : term;
    }
  }
  return scale(sum, 1 / pairs);
}

}  // namespace masktwins
