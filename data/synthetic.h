// Two related domains of electron-microscopy-like sections with exact labels, for trying the whole of domain
// adaptation without any data set. Class 1 is mitochondria, class 0 everything else. Cells, membranes,
// organelles and their look-alikes are drawn from formulas (data/synthetic/); the target differs from the
// source in contrast, sharpness, noise, texture and scale, as one microscope and animal from another.
#pragma once

#include <cstdint>
#include <filesystem>

#include "data/image.h"
#include "data/synthetic/style.h"

namespace masktwins::data {

// source: crisp and rich in contrast, mitochondria grey with strong cristae, as in serial-section TEM.
// target: soft, larger, mitochondria dark and almost even, clouds of vesicles, as in FIB-SEM.
enum class SyntheticDomain { source, target };

SyntheticStyle style_of(SyntheticDomain domain);

struct SyntheticSection {
  Image image;      // grey, 0 to 255
  LabelMap labels;  // 0 and 1
};

// A size x size section: a pure function of its arguments.
SyntheticSection draw_section(SyntheticDomain domain, uint32_t seed, int64_t index, int64_t size);

struct SyntheticOptions {
  uint32_t seed = 1;
  int64_t size = 512;
  int64_t source_sections = 20, target_sections = 20, test_sections = 10;
};

// PNG files in folder/{source,target,test}/{images,labels}; labels hold 0 and 255. The test sections are of
// the target domain. Replaces files of the same names, touches no others.
void write_synthetic(const std::filesystem::path& folder, const SyntheticOptions& options);

}  // namespace masktwins::data
