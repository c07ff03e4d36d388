#include "optim/clip.h"

#include <cmath>

#include "tensor/ops/scale.h"
#include "tensor/ops/squared_norm.h"

namespace masktwins::optim {

double gradient_norm(const ParameterArena& arena) { return std::sqrt(squared_norm(arena.gradients())); }

double clip_gradient_norm(ParameterArena& arena, double limit) {
  Tensor gradients = arena.gradients();
  const double norm = gradient_norm(arena);
  if (norm > limit) gradients.copy_from(scale(gradients, limit / (norm + 1e-6)));
  return norm;
}

}  // namespace masktwins::optim
