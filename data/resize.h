// Resizing whole sections: images by the mean of the area that a pixel covers where they shrink and by linear
// interpolation where they grow (each axis on its own), labels by the nearest pixel centre. Pixel centres of
// both lie at the same places, so that labels stay on their image.
#pragma once

#include "data/image.h"

namespace masktwins::data {

Image resize(const Image& image, int64_t height, int64_t width);
LabelMap resize(const LabelMap& labels, int64_t height, int64_t width);

// round(size * scale), at least 1.
int64_t scaled(int64_t size, double scale);

}  // namespace masktwins::data
