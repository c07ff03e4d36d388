#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// average = alpha * average + (1 - alpha) * value, in place.
void ema_update(Tensor average, const Tensor& value, double alpha);

}  // namespace masktwins
