#include "masktwins/device_options.h"

#include "kernels/common/parallel.h"
#include "tensor/check.h"

namespace masktwins {

void DeviceOptions::add_to(CLI::App& command) {
  command.add_option("--threads", threads, "CPU threads; the result is the same with any number")
      ->check(CLI::Range(1, 4096))
      ->default_str("all");
  command.add_option("--device", device, "where to compute")->capture_default_str();
}

void DeviceOptions::apply() const {
  require(device == "cpu", "--device ", device,
          ": this build computes on the cpu only; `masktwins doctor` says why");
  if (threads > 0) kernels::set_thread_count(threads);
}

}  // namespace masktwins
