// Random crops with augmentation. Names, strengths and probabilities follow DA-ISC's pipeline for electron
// microscopy (Huang et al. 2022, with albumentations 1.3), from which MaskTwins takes its settings. All
// geometric changes form one map (data/warp.h), so a crop is interpolated once; changes of intensity follow.
#pragma once

#include "data/draws.h"
#include "data/warp.h"

namespace masktwins::data {

// Every entry named after a change is the probability of that change, once a crop is augmented at all.
struct AugmentOptions {
  // Chance that a crop is augmented. The published pipeline nests two groups of probability 1/2.
  double probability = 0.25;

  double flip = 0.5;  // upside down, left to right, or both: one of the three
  double transpose = 0.5;
  double rotate = 0.5;
  double rotate_degrees = 90;  // uniform in +- this
  double resize = 0.2;
  double resize_factor = 2;  // magnification, log-uniform in [1 / this, this]
  double elastic = 0.3;
  double elastic_affine = 0.15;  // largest change of an entry of the affine matrix
  double elastic_pixels = 0;     // largest smooth displacement per axis
  double elastic_spacing = 50;   // pixels between the nodes of the displacement

  double brightness_contrast = 0.5;
  double brightness = 0.2;  // added, uniform in +- this (white being 1)
  double contrast = 0.2;    // factor, uniform in 1 +- this
  double gamma = 0;
  double gamma_factor = 1.5;  // exponent, log-uniform in [1 / this, this]
  double motion_blur = 0.2;
  double motion_blur_pixels = 7;  // longest line; 3, 5, ... up to this
  double gaussian_blur = 0;
  double gaussian_blur_sigma = 1.5;  // uniform in [0, this], pixels
  double noise = 0;
  double noise_deviation = 0.1;  // of normal noise, uniform in [0, this] (white being 1)

  // Whether the loader changes intensities of target crops as well. Without, the teacher labels clean images.
  bool target_intensities = true;
};

// The same without any change of intensity.
AugmentOptions geometry_only(AugmentOptions options);

// Error with the name of the configuration key if a value makes no sense.
void check(const AugmentOptions& options);

// A crop of size x size pixels, intensities still in [0, 1]. It is taken uniformly among the places where it
// lies in the section as a whole; along an axis where it does not fit, from the middle.
Crop draw_crop(const AugmentOptions& options, int64_t size, const Section& section, Draws& draws);

}  // namespace masktwins::data
