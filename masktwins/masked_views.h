// The masked views of an image that the student sees (sections 3.6 and 1).
#pragma once

#include <vector>

#include "masktwins/config.h"
#include "tensor/random.h"
#include "tensor/tensor.h"

namespace masktwins {

// uda.masks views of images (N, C, H, W), hidden pixels 0:
//   one mask                    the view D·x
//   two complementary masks     D·x and (1 - D)·x, D hides a share r of the patches
//   two masks, not complementary  D·x and D'·x, drawn independently with ratios r and 1 - r
//   K > 2 complementary masks   a partition: each patch is visible in one of K views (theorem 7; r plays no
//   part) K > 2 independent masks     each shows a patch with probability 1/K
// r is drawn from the list uda.mask_ratio. Every image of the batch has its own mask.
std::vector<Tensor> masked_views(const Tensor& images, const UdaConfig& uda, RandomStream& random);

}  // namespace masktwins
