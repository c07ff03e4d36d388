// linear on CUDA: three matrix products, and a sum over rows.
#include "kernels/linear.h"

#include "kernels/channel_sum.h"
#include "kernels/common/float16.h"
#include "kernels/matmul.h"

namespace masktwins::kernels::cuda {
template <class T>
void linear(const LinearArgs<T>& args) {
  const auto [rows, inputs, outputs] = args.shape;
  matmul(MatmulArgs<T>{.m = rows,
                       .n = outputs,
                       .k = inputs,
                       .a = args.x,
                       .b = args.weight,
                       .c = args.y,
                       .b_transposed = true,
                       .bias = args.bias});
}

template <class T>
void linear_backward_data(const LinearBackwardDataArgs<T>& args) {
  const auto [rows, inputs, outputs] = args.shape;
  matmul(MatmulArgs<T>{.m = rows, .n = inputs, .k = outputs, .a = args.dy, .b = args.weight, .c = args.dx});
}

template <class T>
void linear_backward_weight(const LinearBackwardWeightArgs<T>& args) {
  const auto [rows, inputs, outputs] = args.shape;
  matmul(MatmulArgs<T>{.m = outputs,
                       .n = inputs,
                       .k = rows,
                       .a = args.dy,
                       .b = args.x,
                       .c = args.dweight,
                       .a_transposed = true});
  if (args.dbias != nullptr) channel_sum(ChannelSumArgs<T>{rows, outputs, args.dy, args.dbias});
}

template void linear(const LinearArgs<float>&);
template void linear(const LinearArgs<bfloat16>&);
template void linear(const LinearArgs<float16>&);
template void linear_backward_data(const LinearBackwardDataArgs<float>&);
template void linear_backward_data(const LinearBackwardDataArgs<bfloat16>&);
template void linear_backward_data(const LinearBackwardDataArgs<float16>&);
template void linear_backward_weight(const LinearBackwardWeightArgs<float>&);
template void linear_backward_weight(const LinearBackwardWeightArgs<bfloat16>&);
template void linear_backward_weight(const LinearBackwardWeightArgs<float16>&);

}  // namespace masktwins::kernels::cuda
