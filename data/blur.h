// Blurs. The border is mirrored; the mean brightness stays.
#pragma once

#include "data/image.h"

namespace masktwins::data {

// Gaussian of standard deviation `sigma` pixels, cut off at 3 sigma. 0 changes nothing.
void gaussian_blur(Image& image, double sigma);

// The mean along a straight line of `length` pixels at `angle` radians from the row axis, as if the stage
// drifted during exposure.
void motion_blur(Image& image, int64_t length, double angle);

}  // namespace masktwins::data
