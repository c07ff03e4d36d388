// 16-bit copies of the parameters for autocast: the masters stay float32.
#pragma once

#include "optim/parameter_arena.h"
#include "tensor/autocast.h"

namespace masktwins::optim {

// Converts all parameters of the module, which lie in the arena, in one pass, and files the results. They
// hold until the values change: once per step.
void add_copies(const nn::Module& module, const ParameterArena& arena, DType dtype,
                LowPrecisionCopies& copies);

}  // namespace masktwins::optim
