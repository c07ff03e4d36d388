// A section as training and evaluation use it: intensities in [0, 1], classes, and the affine normalisation
// that the network wants.
#pragma once

#include <array>
#include <string>

#include "data/image.h"
#include "tensor/tensor.h"

namespace masktwins::data {

enum class Normalisation {
  minmax,    // darkest pixel of the section 0, brightest 1 (as DA-ISC and CAFA do for EM)
  standard,  // zero mean and unit variance over the section
  imagenet,  // RGB with the mean and deviation of ImageNet (as SegFormer, DAFormer and MIC)
};

// "minmax", "standard" or "imagenet"; Error for anything else.
Normalisation parse_normalisation(const std::string& name);

// How many rows and columns at each side of a section say nothing about it, such as the bonnet of the car
// that carries the camera.
struct Margins {
  int64_t top = 0, bottom = 0, left = 0, right = 0;
};

// What the network sees is (intensity - mean) / deviation. Augmentation works on the intensities, so that its
// strengths mean the same with every normalisation.
struct Section {
  std::string name;
  Image image;      // intensities in [0, 1], white = 1
  LabelMap labels;  // empty when the section has no labels
  Margins margins{};
  std::array<float, 3> mean{0, 0, 0}, deviation{1, 1, 1};

  bool labelled() const { return !labels.classes.empty(); }
};

// Turns stored values into a Section without labels.
Section normalise(std::string name, Image image, Normalisation mode);

// Turns intensities of this section, all or a crop, into what the network sees.
void apply_normalisation(const Section& section, Image& intensities);

// float32 (1, C, H, W), normalised.
Tensor image_tensor(const Section& section);
// uint8 (1, H, W), 255 = ignore.
Tensor label_tensor(const Section& section);

// 1 channel from RGB by luma (ITU-R BT.601), 3 channels from grey by repetition.
Image with_channels(Image image, int64_t channels);

}  // namespace masktwins::data
