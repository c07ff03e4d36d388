// The images whose masked views the student learns from (section 3.9).
#pragma once

#include <string>
#include <vector>

#include "data/loader.h"
#include "masktwins/config.h"
#include "masktwins/pseudo_labels.h"
#include "tensor/random.h"

namespace masktwins {

struct MaskedImages {
  std::string loss;  // its name in the log
  Tensor images;     // (N, C, H, W), not masked yet, with other colours if uda.mask_augment
  Tensor labels;     // uint8 (N, H, W)
  Tensor weights;    // floating (N, H, W), or undefined for 1
};

// uda.mask_image, in brackets the release's names with and without uda.mask_augment:
//   target  all target images with pseudo-labels                              (separatetrgaug, separatetrg)
//   source  all source images with their labels                               (separatesrcaug, separatesrc)
//   both    the first source and the first target image: with one mask as one batch, with more one after
//           the other; colours change alike in both                           (separateaug, separate)
std::vector<MaskedImages> masked_images(const data::Batch& batch, const PseudoLabels& pseudo,
                                        const Config& config, RandomStream& random);

}  // namespace masktwins
