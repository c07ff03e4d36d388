#include "masktwins/evaluate.h"

#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "masktwins/classes.h"
#include "masktwins/datasets.h"
#include "tests/data/folder.h"

using namespace masktwins;
using masktwins::tests::Folder;

namespace {

// Two sections of 16x24 pixels: grey 200 inside a square, 50 outside; the label marks the square.
void write_sections(const Folder& folder) {
  for (int n = 0; n < 2; ++n) {
    data::Image image{1, 16, 24, {}};
    data::Image label = image;
    for (int y = 0; y < 16; ++y)
      for (int x = 0; x < 24; ++x) {
        const bool inside = y >= 4 && y < 12 && x >= 4 + n && x < 12 + n;
        image.pixels.push_back(inside ? 200.0f : 50.0f);
        label.pixels.push_back(inside ? 255.0f : 0.0f);
      }
    const std::string name = "section" + std::to_string(n) + ".png";
    data::write_png(folder / ("images/" + name), image);
    data::write_png(folder / ("labels/" + name), label);
  }
}

Config config_for(const Folder& folder) {
  return parse_config(
      "", "test",
      {"data.test.images=" + (folder / "images").string(), "data.test.labels=" + (folder / "labels").string(),
       "data.class_names=[\"cell\", \"mitochondrion\"]"});
}

// Says foreground where the (normalised) image is bright, and on the upper `wrong_rows` rows says the
// opposite.
SegmentationFunction threshold(int64_t wrong_rows) {
  return [=](const Tensor& images) {
    Tensor logits = Tensor::zeros({images.dim(0), 2, images.dim(2), images.dim(3)});
    for (int64_t i = 0; i < images.numel(); ++i) {
      const int64_t row = i / images.dim(3) % images.dim(2);
      const float sign = row < wrong_rows ? -1.0f : 1.0f;
      logits.data<float>()[2 * i + 1] = sign * 8 * (images.data<float>()[i] - 0.5f);
    }
    return logits;
  };
}

}  // namespace

TEST_CASE("a perfect network scores 1 everywhere") {
  const Folder folder;
  write_sections(folder);
  const Config config = config_for(folder);
  const auto set = open_test(config);
  int seen = 0;
  const Evaluation evaluation =
      evaluate(threshold(0), *set, {}, [&](const data::Section& section, const Tensor& probabilities) {
        CHECK(section.name == "section" + std::to_string(seen++));
        CHECK(probabilities.shape() == Shape{1, 2, 16, 24});
      });
  CHECK(seen == 2);
  CHECK(selection_score(evaluation) == 1);
  const nlohmann::json json = to_json(evaluation, classes_of(config));
  for (const char* key : {"iou", "f1", "mcc", "ap", "miou", "pixel_accuracy"}) CHECK(json[key] == 1.0);
  CHECK(json["per_class_iou"]["mitochondrion"] == 1.0);
  CHECK(json["sections"]["section1"]["iou"] == 1.0);
}

TEST_CASE("known mistakes give known scores") {
  const Folder folder;
  write_sections(folder);
  const Config config = config_for(folder);
  const auto set = open_test(config);
  // Windows as large as the image, so that the rows of the network are those of the image. Row 4 is wrong as
  // well as rows 0 to 3: 4 * 24 + 16 pixels invented, 8 of 64 missed.
  const Evaluation evaluation = evaluate(threshold(5), *set, {.windows = {.multiple = 1}});
  const double tp = 56, fp = 4 * 24 + 16, fn = 8, all = 16 * 24;
  CHECK(std::abs(evaluation.foreground.iou - tp / (tp + fp + fn)) < 1e-9);
  CHECK(std::abs(evaluation.confusion.iou(1) - tp / (tp + fp + fn)) < 1e-9);
  CHECK(std::abs(evaluation.confusion.pixel_accuracy() - (all - fp - fn) / all) < 1e-9);
  const std::string table = to_table(evaluation, classes_of(config));
  CHECK(table.find("mitochondrion") != std::string::npos);
  CHECK(table.find("31.82") != std::string::npos);
}

TEST_CASE("scores are taken at the size of the label files, or of the scaled images") {
  const Folder folder;
  write_sections(folder);
  const Config config = config_for(folder);
  for (const bool original_size : {true, false}) {
    CAPTURE(original_size);
    Config scaled = config;
    scaled.data.scale = 0.5;
    const auto set = open_test(scaled), stored = open_test(config);
    const Shape shape = original_size ? Shape{1, 2, 16, 24} : Shape{1, 2, 8, 12};
    int64_t right = 0, pixels = 0, seen = 0;
    const auto count = [&](const data::Section& section, const Tensor& probabilities) {
      CHECK(probabilities.shape() == shape);
      CHECK(section.image.height == shape[2]);
      CHECK(section.image.width == shape[3]);
      const auto& truth = (original_size ? stored : set)->section(seen++)->labels.classes;
      CHECK(section.labels.classes == truth);
      for (std::size_t i = 0; i < truth.size(); ++i, ++pixels)
        right += (probabilities.data<float>()[2 * i + 1] > 0.5f) == (truth[i] == 1);
    };
    const Evaluation evaluation =
        evaluate(threshold(2), *set, {.windows = {.multiple = 1}, .original_size = original_size}, count);
    CHECK(seen == 2);
    CHECK(pixels == 2 * shape[2] * shape[3]);
    CHECK(right < pixels);
    CHECK(evaluation.confusion.pixel_accuracy() ==
          doctest::Approx(static_cast<double>(right) / static_cast<double>(pixels)));
  }
}

TEST_CASE("undefined scores are null in JSON and a dash in the table") {
  Evaluation evaluation(3);
  evaluation.confusion.add(std::vector<uint8_t>{0, 1}, std::vector<uint8_t>{0, 0});
  const data::ClassTable classes = classes_of(parse_config("", "test", {"model.classes=3"}));
  const nlohmann::json json = to_json(evaluation, classes);
  CHECK(json["iou"].is_null());
  CHECK(json["per_class_iou"]["2"].is_null());
  CHECK(json["per_class_iou"]["0"] == 0.5);
  CHECK(json["per_class_accuracy"]["1"].is_null());
  CHECK(selection_score(evaluation) == 0.25);
  CHECK(to_table(evaluation, classes).find("       -        -  2\n") != std::string::npos);
}

TEST_CASE("the groups of Cityscapes' classes are averaged over the classes that occur") {
  // Every class once and right, but terrain, truck and train: terrain occurs nowhere, the others are missed.
  Evaluation evaluation(19);
  for (uint8_t label = 0; label < 19; ++label)
    if (label != 9) {
      const uint8_t prediction = label == 14 || label == 16 ? 13 : label;
      evaluation.confusion.add(std::vector{prediction}, std::vector{label});
    }
  const Config config = parse_config("", "test", {"model.classes=19", "data.class_table=cityscapes"});
  const nlohmann::json json = to_json(evaluation, classes_of(config));
  const double car = 1.0 / 3;  // one right, two invented
  CHECK(json["per_class_iou"]["terrain"].is_null());
  CHECK(std::abs(json["miou"].get<double>() - (15 + car) / 18) < 1e-12);
  CHECK(std::abs(json["group_miou"]["16 classes of SYNTHIA"].get<double>() - (15 + car) / 16) < 1e-12);
  CHECK(std::abs(json["group_miou"]["13 classes of SYNTHIA"].get<double>() - (12 + car) / 13) < 1e-12);
  const std::string table = to_table(evaluation, classes_of(config));
  for (const char* part : {"traffic light", "95.83           mean of the 16 classes of SYNTHIA"}) {
    CAPTURE(part);
    CHECK(table.find(part) != std::string::npos);
  }
}

TEST_CASE("a missing set or label is an error that names the key") {
  const Folder folder;
  write_sections(folder);
  Config config = config_for(folder);
  CHECK(tests::error_of([&] { open_target(config); }).starts_with("data.target.images is not set"));
  config.data.test.labels.clear();
  CHECK(tests::error_of([&] { open_test(config); }).starts_with("data.test.labels is not set"));
}
