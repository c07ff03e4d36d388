// Random crops with augmentation. Names, strengths and probabilities follow DA-ISC's pipeline for electron
// microscopy (Huang et al. 2022, with albumentations 1.3), from which MaskTwins takes its settings. All
// geometric changes form one map (data/warp.h), so a crop is interpolated once; changes of intensity follow.
#pragma once

#include <string>

#include "data/draws.h"
#include "data/warp.h"

namespace masktwins::data {

// Every entry with a number and named after a change is the probability of that change, once a crop is
// augmented at all.
struct AugmentOptions {
  // Chance that a crop is augmented. The published pipeline nests two groups of probability 1/2.
  double probability = 0.25;

  double mirror = 0;  // left to right only, as for street scenes
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

  // The place of a crop is drawn again, ten times at most, while its labels are of one class alone or one
  // class has this share of them or more (mmsegmentation's cat_max_ratio). 1: any place will do.
  double class_share_limit = 1;
  std::string border = "mirror";  // or "zero": what fills a crop beyond its section
  // Whether the loader changes intensities of target crops as well. Without, the teacher labels clean images.
  bool target_intensities = true;
};

// Left to right with probability 1/2, a class share limit of 0.75, zeros beyond the border, and nothing else:
// what DAFormer, HRDA and MIC do with street scenes before their colour jitter.
AugmentOptions street_augmentation();

// The same without any change of intensity.
AugmentOptions geometry_only(AugmentOptions options);

// Error with the name of the configuration key if a value makes no sense.
void check(const AugmentOptions& options);

// Where a crop lies, and its labels: enough to decide whether to take it.
struct Placement {
  bool augmented = false;
  Warp warp;
  LabelMap labels;  // as crop_labels()
};

// For a crop of size x size pixels, taken uniformly among the places where it lies in the section as a whole;
// along an axis where it does not fit, from the middle.
Placement draw_placement(const AugmentOptions& options, int64_t size, const Section& section, Draws& draws);

// The image of the crop, intensities still in [0, 1]. `draws` goes on from draw_placement().
Image draw_image(const AugmentOptions& options, const Section& section, const Placement& placement,
                 Draws& draws);

}  // namespace masktwins::data
