#include "kernels/common/launch.cuh"
#include "kernels/record_loss.h"

namespace masktwins::kernels::cuda {
namespace {

__global__ void record_loss_kernel(RecordLossArgs<float> args) { record_one_loss(args); }

}  // namespace

void record_loss(const RecordLossArgs<float>& args) { launch("record_loss", record_loss_kernel, 1, 1)(args); }

}  // namespace masktwins::kernels::cuda
