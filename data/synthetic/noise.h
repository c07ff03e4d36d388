// Smooth random fields, the raw material of every texture.
#pragma once

#include "data/draws.h"
#include "data/image.h"

namespace masktwins::data {

// A grey size x size image of zero mean and about unit variance: random numbers at nodes `period` pixels
// apart, joined by cubic B-splines.
Image smooth_noise(int64_t size, double period, Draws& draws);

}  // namespace masktwins::data
