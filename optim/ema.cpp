#include "optim/ema.h"

#include <algorithm>

#include "tensor/ops/ema_update.h"

namespace masktwins::optim {

double ema_alpha(int64_t t, double alpha) { return std::min(1 - 1 / static_cast<double>(t + 1), alpha); }

void update_teacher(ParameterArena& teacher, const ParameterArena& student, int64_t t, double alpha) {
  ema_update(teacher.values(), student.values(), ema_alpha(t, alpha));
}

}  // namespace masktwins::optim
