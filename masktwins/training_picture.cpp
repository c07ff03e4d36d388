#include "masktwins/training_picture.h"

#include "masktwins/batch_feed.h"
#include "masktwins/pictures.h"
#include "tensor/ops/resize_bilinear.h"

namespace masktwins {
namespace {

using data::Image;
using data::LabelMap;

// The first sample of uint8 labels (N, H, W).
LabelMap first_labels(const Tensor& labels) {
  const uint8_t* first = labels.data<uint8_t>();
  return {labels.dim(1), labels.dim(2), {first, first + labels.dim(1) * labels.dim(2)}};
}

// The teacher's probability of its label, from 1 / classes (a guess) to 1 (sure).
Image confidence_map(const Tensor& probability, int64_t classes) {
  const float guess = 1 / static_cast<float>(classes);
  std::vector<float> confidence(probability.data<float>(),
                                probability.data<float>() + probability.dim(1) * probability.dim(2));
  for (float& value : confidence) value = (value - guess) / (1 - guess);
  return heat_map(confidence.data(), probability.dim(1), probability.dim(2));
}

// Every panel's picture next to the same picture under class colours.
struct Painter {
  std::vector<Color> colors;
  ValueRange range;

  Image plain(const Tensor& images) const { return picture_of(images, 0, range); }
  Image with(const Tensor& images, const LabelMap& labels) const {
    return overlay(plain(images), labels, colors);
  }
};

}  // namespace

Image training_picture(const std::string& title, const data::Batch& step_batch, const StepReport& report,
                       const SegmentationFunction& student, const std::vector<Color>& colors) {
  const data::Batch batch = to(step_batch, Device::cpu);
  const Tensor source_logits = student(batch.source_images);
  const Painter source{colors, value_range(batch.source_images, 0)};
  std::vector<std::vector<Panel>> rows = {
      {{"source", source.plain(batch.source_images)},
       {"truth", source.with(batch.source_images, first_labels(batch.source_labels))},
       {"student", source.with(batch.source_images, predicted_classes(source_logits, 0))}}};
  if (report.pseudo.labels.defined()) {
    const Tensor labels = report.pseudo.labels.to(Device::cpu);
    const Painter target{colors, value_range(batch.target_images, 0)};
    rows.push_back(
        {{"target", target.plain(batch.target_images)},
         {"teacher", target.with(batch.target_images, first_labels(labels))},
         {"confidence", confidence_map(report.pseudo.probability.to(Device::cpu), source_logits.dim(1))}});
  }
  std::vector<Panel> views;
  for (std::size_t k = 0; k < report.views.size(); ++k) {
    const Tensor view = report.views[k].to(Device::cpu);
    const Painter painter{colors, value_range(view, 0)};
    const std::string name = "view " + std::to_string(k + 1);
    views.push_back({name, painter.plain(view)});
    const Tensor logits = resize_bilinear(report.view_logits[k].to(Device::cpu), view.dim(2), view.dim(3));
    views.push_back({name + ": student", painter.with(view, predicted_classes(logits, 0))});
  }
  if (!views.empty()) rows.push_back(std::move(views));
  return contact_sheet(title, rows);
}

Image evaluation_picture(const std::string& title, const data::Section& section, const Tensor& probabilities,
                         const std::vector<Color>& colors) {
  const int64_t classes = probabilities.dim(1);
  Image image = section.image;
  for (float& value : image.pixels) value *= 255;
  const LabelMap prediction = predicted_classes(probabilities, 0);
  const std::string mistakes = classes == 2 ? "red: invented, blue: missed" : "red: wrong";
  return contact_sheet(title,
                       {{{"image", image},
                         {"truth", overlay(image, section.labels, colors)},
                         {"prediction", overlay(image, prediction, colors)},
                         {mistakes, error_overlay(image, prediction, section.labels, classes)}}},
                       384);
}

}  // namespace masktwins
