#include <cstdio>
#include <fstream>
#include <string>
#include <thread>

#include "kernels/common/cuda.h"
#include "kernels/common/parallel.h"
#include "kernels/common/vec.h"
#include "kernels/vendor/library_versions.h"
#include "masktwins/commands.h"
#include "masktwins/device_options.h"
#include "tensor/dispatch.h"
#include "tensor/profiler.h"

namespace masktwins {
namespace {

// The value of the first line "key : value" of /proc/cpuinfo.
std::string cpu_info(const std::string& key) {
  std::ifstream lines("/proc/cpuinfo");
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(key))
      if (const std::size_t colon = line.find(": "); colon != std::string::npos)
        return line.substr(colon + 2);
  return "unknown";
}

const char* compiled_instruction_set() {
#if defined(__AVX512F__)
  return "AVX-512";
#elif defined(__AVX2__)
  return "AVX2";
#else
  return "baseline";
#endif
}

const char* tiff_support() {
#ifdef MASKTWINS_TIFF
  return "yes";
#else
  return "no: libtiff was not found when this was built (Debian: libtiff-dev)";
#endif
}

const char* zip_support() {
#ifdef MASKTWINS_LIBZIP
  return "yes";
#else
  return "only those from before 1.6: libzip was not found when this was built (Debian: libzip-dev)";
#endif
}

void line(const char* name, const std::string& value) { std::printf("%-18s %s\n", name, value.c_str()); }

void examine_cuda() {
  const std::string reason = why_not_cuda();
  if (!reason.empty()) line("CUDA", "no: " + reason);
  if constexpr (built_with_cuda) {
    const auto cuda_version = [](int number) { return concat_text(number / 1000, '.', number % 1000 / 10); };
    if (reason.empty()) {
      const kernels::cuda::DeviceDescription device = kernels::cuda::describe_device();
      line("CUDA", device.emulated
                       ? "emulated on the processor, to check kernels; `make cuda` builds for GPUs"
                       : "yes");
      line("device", concat_text(device.name, ", compute capability ", device.compute_capability / 10, '.',
                                 device.compute_capability % 10, ", ", device.free_memory >> 20, " of ",
                                 device.memory >> 20, " MiB free"));
      line("driver", "for CUDA " + cuda_version(device.driver_version));
      line("CUDA runtime", cuda_version(device.runtime_version));
    }
    line("cuDNN", kernels::cuda::cudnn_version());
    line("cuBLASLt", kernels::cuda::cublaslt_version());
  }
}

void examine() {
  line("processor", cpu_info("model name"));
  line("threads", std::to_string(kernels::thread_count()) + " of " +
                      std::to_string(std::thread::hardware_concurrency()) + " (--threads changes it)");
  line("instructions", std::string(compiled_instruction_set()) + ", vectors of " +
                           std::to_string(kernels::lanes<float>) + " floats");
  const Roofline& roofline = measured_roofline();
  char text[64];
  std::snprintf(text, sizeof text, "%.1f GFLOP/s, %.1f GB/s", roofline.flops_per_second * 1e-9,
                roofline.bytes_per_second * 1e-9);
  line("measured peak", text);
#ifdef NDEBUG
  line("build", "optimised");
#else
  line("build", "with assertions, slow; configure with -DCMAKE_BUILD_TYPE=Release");
#endif
  line("TIFF stacks", tiff_support());
  line("PyTorch's .pth", zip_support());
  examine_cuda();
}

}  // namespace

void add_doctor_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("doctor", "Say what this machine and this build can do");
  command->footer("  masktwins doctor");
  command->callback(examine);
}

}  // namespace masktwins
