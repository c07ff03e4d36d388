#include "kernels/common/launch.cuh"
#include "kernels/gradient_control.h"

namespace masktwins::kernels::cuda {
namespace {

__global__ void gradient_control_kernel(GradientControlArgs<float> args) { decide_gradient_control(args); }

}  // namespace

void gradient_control(const GradientControlArgs<float>& args) {
  launch("gradient_control", gradient_control_kernel, 1, 1)(args);
}

}  // namespace masktwins::kernels::cuda
