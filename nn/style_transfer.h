// AdaIN in the first layers of a network (section 3.12): the student's early maps of source images get the
// statistics that the teacher's had of target images.
//
//   Styles styles{.embedding = true};
//   { const StyleRecording recording(styles); teacher.forward(target_images); }
//   { const StyleTransfer transfer(styles);   student.outputs(source_images); }
//
// Both passes meet the same early maps in the same order, also where a network looks at an image twice
// (HRDA).
#pragma once

#include <vector>

#include "nn/adain.h"

namespace masktwins::nn {

enum class EarlyMap { embedding, stage1 };

struct Styles {
  bool embedding = false, stage1 = false;  // which maps take part
  std::vector<Style> maps = {};            // of the recorded pass, in the order of its maps

  bool includes(EarlyMap place) const { return place == EarlyMap::embedding ? embedding : stage1; }
};

// Networks pass their early maps through this: x, or inside a StyleTransfer x with another style.
Tensor early_map(EarlyMap place, const Tensor& x);

// Within its scope the maps that take part leave their statistics, over all images and pixels of a pass.
class StyleRecording {
 public:
  explicit StyleRecording(Styles& styles);
  ~StyleRecording();
  StyleRecording(const StyleRecording&) = delete;
  StyleRecording& operator=(const StyleRecording&) = delete;
};

// Within its scope the maps that take part get the recorded statistics; if none were recorded, they stay.
class StyleTransfer {
 public:
  explicit StyleTransfer(const Styles& styles);
  ~StyleTransfer();
  StyleTransfer(const StyleTransfer&) = delete;
  StyleTransfer& operator=(const StyleTransfer&) = delete;
};

}  // namespace masktwins::nn
