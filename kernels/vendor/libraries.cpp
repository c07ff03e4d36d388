#include "kernels/vendor/libraries.h"

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "kernels/common/cuda.h"

namespace masktwins::kernels::cuda {

Libraries& libraries() {
  static Libraries choice = [] {
    const char* text = std::getenv("MASKTWINS_LIBRARIES");
    const std::string name = text == nullptr ? "vendor" : text;
    if (name == "vendor") return Libraries::vendor;
    if (name == "own") return Libraries::own;
    throw std::runtime_error("MASKTWINS_LIBRARIES is \"" + name + "\"; it may be vendor or own");
  }();
  return choice;
}

bool device_has_tensor_cores() {
  static const bool has = describe_device().compute_capability >= 80;
  return has;
}

}  // namespace masktwins::kernels::cuda
