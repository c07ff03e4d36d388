// gradient_control: what the optimiser does with the gradients, decided on the device where they lie, so that
// no number has to travel to the host within a step.
//   norm   = sqrt(squared_norm) / scale                                  of the true gradients
//   factor = min(1, limit / (norm + 1e-6)) / scale                       clipping, and undoing the loss scale
//   skip   = 1 if a loss of this step or an earlier one was not finite (failure[0] != 0) or norm is not, else
//   0
//   updates    counts the updates that were not skipped
//   correction = 1 / (1 - beta1^updates), 1 / sqrt(1 - beta2^updates)     of Adam's moments (Kingma and Ba
//   2015)
// Without a scale a norm that is not finite sets failure = {-1, step}: the run must stop. With one, which is
// what float16 needs, it is the normal sign of a scale too large: a skipped update halves the scale, and
// growth_interval good ones in a row double it (Micikevicius et al., ICLR 2018). As in PyTorch's GradScaler a
// skipped update does not count for Adam either. Bytes and flops: a handful.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/common/host_device.h"

namespace masktwins::kernels {

template <class T>
struct GradientControlArgs {
  double limit;             // of the norm; 0: none
  int64_t growth_interval;  // of the scale
  double beta1, beta2;      // of Adam; 0 for optimisers without corrections
  int32_t step;
  const T* squared_norm;  // null: nobody asks for the norm
  int32_t* failure;       // {what failed or 0, in which step}, see kernels/record_loss.h
  T* scale;               // {factor of the losses, good updates since it changed}; null: 1
  int32_t* updates;       // made so far
  T* control;             // {factor, skip, corrections of the first and the second moment}
};

template <class T>
HOST_DEVICE void decide_gradient_control(const GradientControlArgs<T>& args) {
  const T scale = args.scale ? args.scale[0] : 1;
  const T norm = args.squared_norm ? std::sqrt(*args.squared_norm) / scale : 0;
  const bool finite = norm - norm == 0;
  if (!finite && !args.scale && args.failure[0] == 0) {
    args.failure[0] = -1;
    args.failure[1] = args.step;
  }
  const T limit = static_cast<T>(args.limit);
  const T clip = limit > 0 ? limit / (norm + static_cast<T>(1e-6)) : 1;
  args.control[0] = (clip < 1 ? clip : 1) / scale;
  const bool skip = !finite || args.failure[0] != 0;
  args.control[1] = skip ? 1 : 0;
  const int32_t updates = *args.updates += skip ? 0 : 1;
  args.control[2] = skip ? 1 : static_cast<T>(1 / (1 - std::pow(args.beta1, updates)));
  args.control[3] = skip ? 1 : static_cast<T>(1 / std::sqrt(1 - std::pow(args.beta2, updates)));
  if (!args.scale) return;
  const T good = finite ? args.scale[1] + 1 : 0;
  const bool grows = good >= static_cast<T>(args.growth_interval);
  args.scale[0] = !finite ? scale / 2 : grows ? 2 * scale : scale;
  args.scale[1] = grows ? 0 : good;
}

namespace cpu {
template <class T>
void gradient_control(const GradientControlArgs<T>& args);
}  // namespace cpu
namespace cuda {
void gradient_control(const GradientControlArgs<float>& args);
}  // namespace cuda

}  // namespace masktwins::kernels
