#include "masktwins/evaluate.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "data/resize.h"
#include "data/section.h"
#include "masktwins/pictures.h"
#include "tensor/check.h"

namespace masktwins {
namespace {

nlohmann::json number_or_null(double value) {
  return std::isnan(value) ? nlohmann::json() : nlohmann::json(value);
}

nlohmann::json to_json(const ForegroundScores& scores) {
  return {{"iou", number_or_null(scores.iou)},
          {"f1", number_or_null(scores.f1)},
          {"mcc", number_or_null(scores.mcc)},
          {"ap", number_or_null(scores.ap)}};
}

std::string percent(double value) {
  if (std::isnan(value)) return "       -";
  char text[32];
  std::snprintf(text, sizeof text, "%8.2f", 100 * value);
  return text;
}

data::Section at_original_size(data::Section section, data::LabelMap labels) {
  section.image = data::resize(section.image, labels.height, labels.width);
  section.labels = std::move(labels);
  return section;
}

std::vector<float> foreground_of(const Tensor& probabilities) {
  std::vector<float> values(static_cast<std::size_t>(probabilities.numel() / 2));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = probabilities.data<float>()[2 * i + 1];
  return values;
}

}  // namespace

EvaluationOptions evaluation_options(const Config& config, const nn::SegmentationModel& model) {
  return {config.model.classes, window_options(config, model), config.eval.size == "original"};
}

Evaluation evaluate(const SegmentationFunction& model, const data::Dataset& set,
                    const EvaluationOptions& options, const SectionCallback& on_section) {
  require(set.labelled(), "evaluation: the set has no labels; set data.test.labels");
  const auto begin = std::chrono::steady_clock::now();
  const int64_t classes = options.classes;
  Evaluation evaluation(classes);
  for (int64_t i = 0; i < set.size(); ++i) {
    const auto seen = set.section(i);
    const data::Section section =
        options.original_size ? at_original_size(*seen, set.stored_labels(i)) : *seen;
    const Tensor probabilities =
        predict_probabilities(model, data::image_tensor(*seen), options.windows,
                              PixelSize{section.labels.height, section.labels.width});
    require(probabilities.dim(1) == classes, "evaluation: the network knows ", probabilities.dim(1),
            " classes, model.classes is ", classes);
    const std::vector<uint8_t>& truth = section.labels.classes;
    evaluation.confusion.add(predicted_classes(probabilities, 0).classes, truth);
    if (classes == 2) {
      evaluation.section_names.push_back(section.name);
      evaluation.sections.push_back(foreground_scores(foreground_of(probabilities), truth));
    }
    if (on_section) on_section(section, probabilities);
  }
  evaluation.foreground = mean_over_sections(evaluation.sections);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  evaluation.seconds_per_section = seconds.count() / static_cast<double>(set.size());
  return evaluation;
}

double selection_score(const Evaluation& evaluation) {
  return evaluation.confusion.classes() == 2 ? evaluation.foreground.iou : evaluation.confusion.mean_iou();
}

nlohmann::json to_json(const Evaluation& evaluation, const data::ClassTable& classes) {
  nlohmann::json json = to_json(evaluation.foreground);
  const ConfusionMatrix& confusion = evaluation.confusion;
  json["miou"] = number_or_null(confusion.mean_iou());
  json["mean_accuracy"] = number_or_null(confusion.mean_accuracy());
  json["pixel_accuracy"] = number_or_null(confusion.pixel_accuracy());
  for (int64_t label = 0; label < confusion.classes(); ++label) {
    const std::string& name = classes.names[static_cast<std::size_t>(label)];
    json["per_class_iou"][name] = number_or_null(confusion.iou(label));
    json["per_class_accuracy"][name] = number_or_null(confusion.accuracy(label));
  }
  for (const data::ClassGroup& group : classes.groups)
    json["group_miou"][group.name] = number_or_null(confusion.mean_iou(group.classes));
  for (std::size_t i = 0; i < evaluation.sections.size(); ++i)
    json["sections"][evaluation.section_names[i]] = to_json(evaluation.sections[i]);
  json["seconds_per_section"] = evaluation.seconds_per_section;
  return json;
}

std::string to_table(const Evaluation& evaluation, const data::ClassTable& classes) {
  std::string text;
  if (!evaluation.sections.empty()) {
    const ForegroundScores& scores = evaluation.foreground;
    text += "foreground, mean of " + std::to_string(evaluation.sections.size()) + " sections\n" +
            "     IoU      F1     MCC      AP\n" + percent(scores.iou) + percent(scores.f1) +
            percent(scores.mcc) + percent(scores.ap) + "\n\n";
  }
  text += "all pixels\n     IoU accuracy  class\n";
  const ConfusionMatrix& confusion = evaluation.confusion;
  for (int64_t label = 0; label < confusion.classes(); ++label)
    text += percent(confusion.iou(label)) + " " + percent(confusion.accuracy(label)) + "  " +
            classes.names[static_cast<std::size_t>(label)] + "\n";
  text += percent(confusion.mean_iou()) + " " + percent(confusion.mean_accuracy()) + "  mean\n";
  for (const data::ClassGroup& group : classes.groups)
    text += percent(confusion.mean_iou(group.classes)) + "           mean of the " + group.name + "\n";
  return text + "         " + percent(confusion.pixel_accuracy()) + "  pixel accuracy\n";
}

}  // namespace masktwins
