#include "kernels/emulator/runtime/numbers.h"

#include <cstring>

namespace masktwins::emulator {
namespace {

template <class Stored>
Stored at(const std::byte* from, std::size_t index) {
  Stored stored;
  std::memcpy(&stored, from + index * sizeof stored, sizeof stored);
  return stored;
}
template <class Stored>
void put(std::byte* to, std::size_t index, Stored stored) {
  std::memcpy(to + index * sizeof stored, &stored, sizeof stored);
}

}  // namespace

std::vector<float> read_numbers(const std::byte* from, NumberType type, int64_t count) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) switch (type) {
      case NumberType::float32: values[i] = at<float>(from, i); break;
      case NumberType::float16: values[i] = widen(at<Half>(from, i)); break;
      case NumberType::bfloat16: values[i] = widen(at<Brain>(from, i)); break;
    }
  return values;
}

void write_numbers(std::byte* to, NumberType type, const std::vector<float>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) switch (type) {
      case NumberType::float32: put(to, i, values[i]); break;
      case NumberType::float16: put(to, i, Half::from(values[i])); break;
      case NumberType::bfloat16: put(to, i, Brain::from(values[i])); break;
    }
}

}  // namespace masktwins::emulator
