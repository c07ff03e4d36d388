#pragma once

#include "optim/parameter_arena.h"

namespace masktwins::optim {

// The joint L2 norm of all gradients: one pass over the arena.
double gradient_norm(const ParameterArena& arena);

// Scales all gradients so that their joint L2 norm is at most `limit` (torch.nn.utils.clip_grad_norm_).
// Returns the norm before.
double clip_gradient_norm(ParameterArena& arena, double limit);

}  // namespace masktwins::optim
