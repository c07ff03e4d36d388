// The mean teacher: the moving average of the student's parameters (section 3.1).
#pragma once

#include "optim/parameter_arena.h"

namespace masktwins::optim {

// min(1 - 1/(t+1), alpha): 0 at t = 0, so that the first update copies.
double ema_alpha(int64_t t, double alpha);

// teacher = alpha_t * teacher + (1 - alpha_t) * student. Parameters only: running statistics are not
// averaged, the teacher has those of the images that it labels.
void update_teacher(ParameterArena& teacher, const ParameterArena& student, int64_t t, double alpha);

}  // namespace masktwins::optim
