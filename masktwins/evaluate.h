// How good a network is on a labelled set.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "data/class_table.h"
#include "data/dataset.h"
#include "masktwins/metrics.h"
#include "masktwins/network.h"

namespace masktwins {

struct Evaluation {
  explicit Evaluation(int64_t classes) : confusion(classes) {}

  ConfusionMatrix confusion;  // over all pixels of all sections
  // With two classes also the foreground, class 1, section by section.
  std::vector<std::string> section_names;
  std::vector<ForegroundScores> sections;
  ForegroundScores foreground;  // their mean
  double seconds_per_section = 0;
};

struct EvaluationOptions {
  int64_t classes = 2;
  WindowOptions windows;
  // Whether predictions are resized to the label files and scored there, as the literature does. Else
  // sections are scored as the set gives them, that is after scaling.
  bool original_size = true;
};

EvaluationOptions evaluation_options(const Config& config, const nn::SegmentationModel& model);

// Called with each section and its probabilities (1, K, H, W), both of the size at which they are scored.
using SectionCallback = std::function<void(const data::Section& section, const Tensor& probabilities)>;

// `model` must make `options.classes` classes.
Evaluation evaluate(const SegmentationFunction& model, const data::Dataset& set,
                    const EvaluationOptions& options, const SectionCallback& on_section = {});

// By which checkpoints are compared: the foreground's IoU with two classes, else the mean IoU.
double selection_score(const Evaluation& evaluation);

// {"iou", "f1", "mcc", "ap", "miou", "per_class_iou": {name: value}, "per_class_accuracy": {name: value},
// "group_miou": {name: value}, "mean_accuracy", "pixel_accuracy", "sections": {...}}; null where a score is
// undefined.
nlohmann::json to_json(const Evaluation& evaluation, const data::ClassTable& classes);

// For people, in percent. The mean of a group of classes is over those of them that occur in the labels or
// the prediction.
std::string to_table(const Evaluation& evaluation, const data::ClassTable& classes);

}  // namespace masktwins
