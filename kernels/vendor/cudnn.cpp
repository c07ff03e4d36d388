#include "kernels/vendor/cudnn.h"

#include <stdexcept>
#include <string>

#include "kernels/common/stream.h"

namespace masktwins::kernels::cuda {

cudnnHandle_t cudnn_handle() {
  static const cudnnHandle_t created = [] {
    cudnnHandle_t handle = nullptr;
    check(cudnnCreate(&handle), "cudnnCreate");
    check(cudnnSetStream(handle, stream()), "cudnnSetStream");
    return handle;
  }();
  return created;
}

void check(cudnnStatus_t status, const char* call) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  char details[512] = "";
  cudnnGetLastErrorString(details, sizeof details);
  throw std::runtime_error(std::string("cuDNN: ") + call + ": " + cudnnGetErrorString(status) + " " +
                           details);
}

}  // namespace masktwins::kernels::cuda
