#include "optim/clip.h"

#include <cmath>

#include "tensor/ops/scale.h"
#include "tensor/ops/squared_norm.h"

namespace masktwins::optim {

double clip_gradient_norm(ParameterArena& arena, double limit) {
  Tensor gradients = arena.gradients();
  const double norm = std::sqrt(squared_norm(gradients));
  if (norm > limit) gradients.copy_from(scale(gradients, limit / (norm + 1e-6)));
  return norm;
}

}  // namespace masktwins::optim
