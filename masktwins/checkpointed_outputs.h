// A network's outputs for the price of memory of its inputs.
#pragma once

#include "nn/segmentation_model.h"

namespace masktwins {

// model.outputs(images), but nothing inside the network is kept: backward computes it again with the same
// random draws and without touching running statistics. With two masked views in one loss this halves the
// memory of the step, bit for bit with the same result (section 9 of the method's description). Features are
// not among the outputs.
nn::SegmentationOutput checkpointed_outputs(nn::SegmentationModel& model, const Tensor& images);

}  // namespace masktwins
