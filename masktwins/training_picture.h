// Contact sheets: what the network sees and says during training and evaluation.
#pragma once

#include <string>

#include "data/section.h"
#include "masktwins/predict.h"
#include "masktwins/train_step.h"

namespace masktwins {

// The first image of the step's batch: source with truth and prediction, target with the teacher's label and
// confidence, the masked views with their predictions. Rows that the mode does not use are left out.
data::Image training_picture(const std::string& title, const data::Batch& batch, const StepReport& report,
                             const SegmentationFunction& student);

// A section, its truth, the prediction and the mistakes.
data::Image evaluation_picture(const std::string& title, const data::Section& section,
                               const Tensor& probabilities);

}  // namespace masktwins
