#include "kernels/gradient_control.h"

namespace masktwins::kernels::cpu {

template <class T>
void gradient_control(const GradientControlArgs<T>& args) {
  decide_gradient_control(args);
}

template void gradient_control(const GradientControlArgs<float>&);
template void gradient_control(const GradientControlArgs<double>&);

}  // namespace masktwins::kernels::cpu
