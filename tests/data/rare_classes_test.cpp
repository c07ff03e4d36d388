// Rare-class sampling: probabilities, what is drawn, and statistics that do not fit the set.
#include "data/rare_classes.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/data/folder.h"

using namespace masktwins;
using namespace masktwins::data;
using masktwins::tests::error_of;
using masktwins::tests::Folder;

namespace {

// Labels of 10x10 pixels: a has 60 of class 0 and 40 of class 1, b 100 of class 0, c 96 of 0 and 4 of 3.
Dataset make_dataset(const Folder& folder) {
  const auto write = [&](const std::string& name, uint8_t other, std::size_t count) {
    std::vector<uint8_t> classes(100, 0);
    std::fill_n(classes.begin(), count, other);
    write_png(folder / ("images/" + name), Image{1, 10, 10, std::vector<float>(100, 5)});
    write_png(folder / ("labels/" + name), LabelMap{10, 10, classes});
  };
  write("a.png", 1, 40);
  write("b.png", 0, 0);
  write("c.png", 3, 4);
  DatasetOptions options;
  options.images = {folder / "images"};
  options.labels = {folder / "labels"};
  options.label_values = LabelValues(4);
  return Dataset(options);
}

RareClassOptions options_with(int64_t min_pixels, double temperature = 0.1) {
  return {.min_pixels = min_pixels,
          .temperature = temperature,
          .min_crop_ratio = 2,
          .class_names = {"road", "car", "truck", "sign"}};
}

}  // namespace

TEST_CASE("probabilities of the published temperature") {
  const std::vector<double> p = rare_class_probabilities({50, 30, 20, 0}, 0.01);
  CHECK(std::abs(p[0] / 9.3572e-14 - 1) < 1e-4);
  CHECK(std::abs(p[1] / 4.5398e-5 - 1) < 1e-4);
  CHECK(std::abs(p[2] / 0.99995460 - 1) < 1e-7);
  CHECK(p[3] == 0);
}

TEST_CASE("classes are drawn as often as their probability says, images among those that show them") {
  const Folder folder;
  const Dataset dataset = make_dataset(folder);
  const RareClasses rare(dataset, count_classes(dataset), 4, options_with(2, 0.5));
  std::vector<int> drawn(4);
  constexpr int draws_made = 4000;
  for (uint32_t sample = 0; sample < draws_made; ++sample) {
    Draws draws({1, 2}, 3, sample);
    const RareClasses::Choice choice = rare.draw(draws);
    ++drawn[static_cast<std::size_t>(choice.label)];
    if (choice.label == 1) CHECK(choice.section == 0);
    if (choice.label == 3) CHECK(choice.section == 2);
  }
  for (std::size_t c = 0; c < 4; ++c) {
    const double p = rare.probabilities()[c], deviation = std::sqrt(p * (1 - p) / draws_made);
    CHECK(std::abs(drawn[c] / double{draws_made} - p) <= 4 * deviation);
  }
}

TEST_CASE("a crop shows a class with more than min_pixels times the ratio") {
  const Folder folder;
  const Dataset dataset = make_dataset(folder);
  const RareClasses rare(dataset, count_classes(dataset), 4, options_with(2));
  LabelMap crop{1, 6, {3, 3, 3, 3, 0, 255}};
  CHECK(!rare.shows(crop, 3));
  crop.classes[4] = 3;
  CHECK(rare.shows(crop, 3));
}

TEST_CASE("classes that the source lacks are named once; of those it has some image must show enough") {
  const Folder folder;
  const Dataset dataset = make_dataset(folder);
  const RareClasses rare(dataset, count_classes(dataset), 4, options_with(2));
  CHECK(rare.probabilities()[2] == 0);
  CHECK(rare.notices() == std::vector<std::string>{"the source shows none of these classes: truck"});
  CHECK(error_of([&] {
          RareClasses(dataset, count_classes(dataset), 4, options_with(4));
        }).find("more than 4 pixels of class sign; lower train.rare_class_min_pixels") != std::string::npos);
}

TEST_CASE("statistics of other programs and folders fit, those of other images do not") {
  const Folder folder;
  const Dataset dataset = make_dataset(folder);
  const ClassStatistics foreign = {{"data/gta/labels/a_labelTrainIds.png", {{0, 60}, {1, 40}}},
                                   {"D:\\gta\\labels\\b_labelTrainIds.png", {{0, 100}}},
                                   {"c.png", {{0, 96}, {3, 4}}},
                                   {"not_in_this_set.png", {{2, 1000}}}};
  const RareClasses rare(dataset, foreign, 4, options_with(2));
  CHECK(rare.probabilities() ==
        RareClasses(dataset, count_classes(dataset), 4, options_with(2)).probabilities());
  const ClassStatistics one(foreign.begin(), foreign.begin() + 1);
  const std::string message = error_of([&] { RareClasses(dataset, one, 4, options_with(2)); });
  CHECK(message.find("2 of 3 label files of data.source are not in them") != std::string::npos);
  CHECK(message.find("c.png") != std::string::npos);
  ClassStatistics twice = foreign;
  twice.push_back({"other/a.png", {{0, 1}}});
  CHECK(error_of([&] { RareClasses(dataset, twice, 4, options_with(2)); }).find("several files") !=
        std::string::npos);
}
