#include "tensor/system_memory.h"

#include <fstream>
#include <limits>
#include <string>

namespace masktwins {

double free_system_memory() {
  std::ifstream file("/proc/meminfo");
  for (std::string name; file >> name;) {
    double kibibytes = 0;
    if (name == "MemAvailable:" && file >> kibibytes) return kibibytes * 1024;
    std::getline(file, name);
  }
  return std::numeric_limits<double>::infinity();
}

}  // namespace masktwins
