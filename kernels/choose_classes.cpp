#include "kernels/choose_classes.h"

#include <algorithm>
#include <vector>

namespace masktwins::kernels::cpu {
namespace {

std::vector<uint8_t> values_in(const uint8_t* label, int64_t count) {
  bool present[label_values] = {};
  for (int64_t i = 0; i < count; ++i) present[label[i]] = true;
  std::vector<uint8_t> values;
  for (int value = 0; value < label_values; ++value)
    if (present[value]) values.push_back(static_cast<uint8_t>(value));
  return values;
}

}  // namespace

void choose_classes(const ChooseClassesArgs& args) {
  const std::vector<uint8_t> values = values_in(args.label, args.images * args.pixels);
  const int count = static_cast<int>(values.size());
  std::fill_n(args.chosen, args.images * label_values, uint8_t{0});
  for (int64_t image = 0; image < args.images; ++image) {
    std::vector<uint8_t> deck = values;
    for (int i = 0; i < (count + 1) / 2; ++i) {
      const int other = drawn_card(args.key, args.step, image, i, count);
      std::swap(deck[static_cast<std::size_t>(i)], deck[static_cast<std::size_t>(other)]);
      args.chosen[image * label_values + deck[static_cast<std::size_t>(i)]] = 1;
    }
  }
}

}  // namespace masktwins::kernels::cpu
