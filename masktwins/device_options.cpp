#include "masktwins/device_options.h"

#include "kernels/common/cuda.h"
#include "kernels/common/parallel.h"
#include "tensor/dispatch.h"

namespace masktwins {

void DeviceOptions::add_to(CLI::App& command) {
  command.add_option("--threads", threads, "CPU threads; the result is the same with any number")
      ->check(CLI::Range(1, 4096))
      ->default_str("all");
  command.add_option("--device", device, "where to compute")
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->capture_default_str();
}

Device DeviceOptions::apply() const {
  if (threads > 0) kernels::set_thread_count(threads);
  if (device == "cpu") return Device::cpu;
  const std::string reason = why_not_cuda();
  require(reason.empty(), "--device cuda: ", reason, "; --device cpu works, `masktwins doctor` says more");
  return Device::cuda;
}

std::string why_not_cuda() {
  std::string reason = "this build computes on the cpu only; build it with nvcc 13 or later (make cuda)";
  if constexpr (built_with_cuda)
    if (kernels::cuda::available(reason)) reason.clear();
  return reason;
}

}  // namespace masktwins
