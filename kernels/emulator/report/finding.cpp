#include "kernels/emulator/report/finding.h"

#include <cxxabi.h>

#include <cstdlib>
#include <sstream>

namespace masktwins::emulator {

const char* name_of(FindingKind kind) {
  switch (kind) {
    case FindingKind::shared_race: return "shared-memory race";
    case FindingKind::out_of_bounds: return "out of bounds";
    case FindingKind::uninitialised_shared: return "uninitialised shared memory";
    case FindingKind::misaligned: return "misaligned access";
    case FindingKind::barrier_divergence: return "barrier divergence";
    case FindingKind::warp_mask: return "bad warp mask";
    case FindingKind::async_copy: return "missing wait for cp.async";
    case FindingKind::pointer_confusion: return "host and device pointers confused";
    case FindingKind::assertion: return "assertion failed";
    case FindingKind::trap: return "trap";
    case FindingKind::deadlock: return "deadlock";
    case FindingKind::stack_overflow: return "stack overflow";
  }
  return "?";
}

std::string demangled(const std::string& name) {
  int status = 0;
  char* readable = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status);
  std::string result = status == 0 ? readable : name;
  std::free(readable);
  return result;
}

std::string Finding::text() const {
  std::ostringstream text;
  text << name_of(kind);
  if (!place.empty()) text << " at " << place;
  if (!kernel.empty()) text << " in " << demangled(kernel);
  text << " (" << instruction << ")";
  if (count > 1) text << ", " << count << " times";
  text << ": " << detail;
  return text.str();
}

}  // namespace masktwins::emulator
