#include "kernels/emulator/instructions/builtins.h"

#include <cstdio>
#include <cstring>

#include "kernels/emulator/machine/warp.h"
#include "kernels/emulator/memory/access.h"
#include "kernels/emulator/memory/device_heap.h"

namespace masktwins::emulator {
namespace {

template <class T>
T argument(Warp& warp, int lane, int64_t offset) {
  T value;
  std::memcpy(&value, warp.local(lane).data() + warp.local_base() + offset, sizeof value);
  return value;
}

// A text in device memory, up to its zero.
std::string read_text(Warp& warp, int lane, uint64_t address) {
  std::string text;
  for (; text.size() < 4096; ++address) {
    const std::byte* memory = locate(warp, resolve(Space::generic, address), 1, lane, Use::read);
    if (memory == nullptr || *memory == std::byte{0}) break;
    text.push_back(static_cast<char>(*memory));
  }
  return text;
}

// The arguments of a printf lie one after the other, each aligned to its size.
class PrintArguments {
 public:
  PrintArguments(Warp& warp, int lane, uint64_t address) : warp_(warp), lane_(lane), address_(address) {}

  template <class T>
  T next() {
    address_ = (address_ + sizeof(T) - 1) / sizeof(T) * sizeof(T);
    T value{};
    const std::byte* memory = locate(warp_, resolve(Space::generic, address_), sizeof(T), lane_, Use::read);
    if (memory != nullptr) std::memcpy(&value, memory, sizeof value);
    address_ += sizeof(T);
    return value;
  }

 private:
  Warp& warp_;
  int lane_;
  uint64_t address_;
};

template <class T>
std::string print_one(const std::string& format, T value) {
  char buffer[512];
  // The format is one checked conversion of the kernel's own format.
  std::snprintf(buffer, sizeof buffer, format.c_str(), value);
  return buffer;
}

std::string print_conversion(std::string format, PrintArguments& arguments, Warp& warp, int lane) {
  const char kind = format.back();
  const bool wide = format.find('l') != std::string::npos || format.find('z') != std::string::npos ||
                    format.find('j') != std::string::npos || format.find('t') != std::string::npos;
  while (format.find('*') != std::string::npos)
    format.replace(format.find('*'), 1, std::to_string(arguments.next<int32_t>()));
  if (std::strchr("diuxXoc", kind) != nullptr) {
    if (wide) return print_one(format, static_cast<long long>(arguments.next<int64_t>()));
    return print_one(format, arguments.next<int32_t>());
  }
  if (std::strchr("fFeEgGaA", kind) != nullptr) return print_one(format, arguments.next<double>());
  if (kind == 'p') return print_one(format, reinterpret_cast<void*>(arguments.next<uint64_t>()));
  if (kind == 's') return print_one(format, read_text(warp, lane, arguments.next<uint64_t>()).c_str());
  return format;
}

void print(Warp& warp, int lane, const std::string& format, uint64_t arguments_address) {
  PrintArguments arguments(warp, lane, arguments_address);
  std::string out;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out.push_back(format[i]);
    } else if (format.compare(i, 2, "%%") == 0) {
      out.push_back('%');
      ++i;
    } else {
      const std::size_t end = std::min(format.find_first_of("diuxXocfFeEgGaAps", i + 1), format.size() - 1);
      out += print_conversion(format.substr(i, end - i + 1), arguments, warp, lane);
      i = end;
    }
  }
  std::fputs(out.c_str(), stdout);
}

template <class T>
void put_result(Warp& warp, int lane, int64_t offset, T value) {
  std::memcpy(warp.local(lane).data() + warp.local_base() + offset, &value, sizeof value);
}

void release(Warp& warp, int lane, uint64_t address) {
  DeviceHeap& heap = DeviceHeap::instance();
  if (address == 0 || heap.release(address)) return;
  warp.report(
      FindingKind::out_of_bounds, lane,
      "frees " + heap.describe(address) + ": malloc has not returned this pointer, or it has been freed");
}

}  // namespace

std::optional<Action> builtin(const std::string& name, const std::vector<int64_t>& arguments,
                              const std::vector<int64_t>& results) {
  if (name == "vprintf" && arguments.size() == 2)
    return [=](Warp& warp) {
      for_each_lane(warp.active(), [&](int lane) {
        print(warp, lane, read_text(warp, lane, argument<uint64_t>(warp, lane, arguments[0])),
              argument<uint64_t>(warp, lane, arguments[1]));
        if (!results.empty()) put_result(warp, lane, results[0], int32_t{0});
      });
    };
  if (name == "malloc" && arguments.size() == 1 && results.size() == 1)
    return [=](Warp& warp) {
      for_each_lane(warp.active(), [&](int lane) {
        const auto bytes = argument<int64_t>(warp, lane, arguments[0]);
        put_result(warp, lane, results[0], DeviceHeap::instance().allocate(bytes));
      });
    };
  if (name == "free" && arguments.size() == 1)
    return [=](Warp& warp) {
      for_each_lane(warp.active(),
                    [&](int lane) { release(warp, lane, argument<uint64_t>(warp, lane, arguments[0])); });
    };
  if (name == "__assertfail" && arguments.size() == 5)
    return [=](Warp& warp) {
      for_each_lane(warp.active(), [&](int lane) {
        const auto text = [&](std::size_t i) {
          return read_text(warp, lane, argument<uint64_t>(warp, lane, arguments[i]));
        };
        warp.report(FindingKind::assertion, lane,
                    "fails '" + text(0) + "' at " + text(1) + ":" +
                        std::to_string(argument<uint32_t>(warp, lane, arguments[2])));
      });
      warp.exit(warp.active());
    };
  return std::nullopt;
}

}  // namespace masktwins::emulator
