// Random augmentation of crops. Strengths and probabilities follow DA-ISC's pipeline for electron microscopy
// (Huang et al. 2022, with albumentations 1.3), which the MaskTwins paper uses in section 5 too.
#pragma once

#include "data/draws.h"
#include "data/warp.h"

namespace masktwins::data {

struct AugmentOptions {
  // Chance that a crop is augmented at all. The published pipeline nests two groups of probability 0.5.
  double probability = 0.25;
};

// Error with the name of the configuration key if a value makes no sense.
void check(const AugmentOptions& options);

// Where a crop of `size` pixels is taken from: uniformly among the places where it lies in the section as a
// whole, in the middle along an axis where it does not fit.
Warp draw_warp(const AugmentOptions& options, int64_t size, const Section& section, Draws& draws);

// Changes intensities in [0, 1].
void draw_intensities(const AugmentOptions& options, Image& crop, Draws& draws);

}  // namespace masktwins::data
