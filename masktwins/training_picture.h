// Contact sheets: what the network sees and says during training and evaluation.
#pragma once

#include <string>
#include <vector>

#include "data/section.h"
#include "masktwins/canvas.h"
#include "masktwins/predict.h"
#include "masktwins/train_step.h"

namespace masktwins {

// `colors` are those of the classes.

// The first image of the step's batch: source with truth and prediction, target with the teacher's label and
// confidence, the masked views with their predictions. Rows that the mode does not use are left out.
data::Image training_picture(const std::string& title, const data::Batch& batch, const StepReport& report,
                             const SegmentationFunction& student, const std::vector<Color>& colors);

// A section, its truth, the prediction and the mistakes.
data::Image evaluation_picture(const std::string& title, const data::Section& section,
                               const Tensor& probabilities, const std::vector<Color>& colors);

}  // namespace masktwins
