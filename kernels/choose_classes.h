// choose_classes: which label values each source image of ClassMix gives away (section 3.4, as DACS does).
// From the n values that occur anywhere in the batch of labels, 255 included, every image draws ceil(n / 2)
// without replacement: the first cards of a shuffled deck, where card i is exchanged with card
// i + floor(u * (n - i)), u uniform from (key, step, 256 * image + i).
// Layout: labels (images, pixels), chosen (images, 256). Bytes: labels once. Flops: none.
#pragma once

#include <cstdint>

#include "kernels/common/host_device.h"
#include "kernels/common/philox.h"

namespace masktwins::kernels {

constexpr int label_values = 256;

struct ChooseClassesArgs {
  int64_t images, pixels;  // pixels of one image
  RandomKey key;
  uint64_t step;
  const uint8_t* label;
  uint8_t* chosen;  // 1 = chosen, else 0
};

// The card that card i of `count` is exchanged with.
HOST_DEVICE int drawn_card(RandomKey key, uint64_t step, int64_t image, int i, int count) {
  const float u = uniform01(philox(key, step, static_cast<uint64_t>(image * label_values + i)).word[0]);
  return i + static_cast<int>(u * static_cast<float>(count - i));
}

namespace cpu {
void choose_classes(const ChooseClassesArgs& args);
}  // namespace cpu

namespace cuda {
void choose_classes(const ChooseClassesArgs& args);
}  // namespace cuda

}  // namespace masktwins::kernels
