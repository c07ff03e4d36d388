// Predictions averaged over the orientations of an image (test-time augmentation). A network that was trained
// on mirrored images, or on turned ones, sees each of them as a new image and errs differently on it.
#pragma once

#include "masktwins/predict.h"

namespace masktwins {

enum class Orientations {
  mirrored,  // as it is, and left and right exchanged: for streets, where up stays up
  all        // the eight mirror images and quarter turns: for sections of tissue, which have no up
};

// The mean of the model's logits over these orientations of `images`, each turned back. Costs two or eight
// calls of the model.
SegmentationFunction average_orientations(const SegmentationFunction& model, Orientations orientations);

}  // namespace masktwins
