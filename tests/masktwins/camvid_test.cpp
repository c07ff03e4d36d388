// The configuration of CamVid on the real images, where these are there: splits, classes, a batch.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "data/loader.h"
#include "masktwins/classes.h"
#include "masktwins/datasets.h"

using namespace masktwins;

TEST_CASE("CamVid by day and at dusk") {
  if (!std::filesystem::exists("../shared/data/camvid")) {
    MESSAGE("not checked: ../shared/data/camvid is not here");
    return;
  }
  const Config config = read_config("configs/camvid-day-to-dusk.toml");
  const auto source = open_source(config), target = open_target(config), test = open_test(config);
  CHECK(source->size() == 367 + 101 + 233 - 62 - 62);
  CHECK(target->size() == 62);
  CHECK(test->size() == 62);

  // Every class occurs, and each in more pixels than rare-class sampling of the configuration asks for.
  const data::ClassStatistics statistics = data::count_classes(*source);
  const data::RareClasses rare(*source, statistics, config.model.classes,
                               {.min_pixels = config.train.rare_class_min_pixels,
                                .temperature = config.train.rare_class_temperature,
                                .min_crop_ratio = config.train.rare_class_min_crop_ratio,
                                .class_names = classes_of(config).names});
  CHECK(rare.notices().empty());

  data::LoaderOptions options;
  options.crop = config.train.crop;
  options.augment = config.augment;
  data::Loader loader(source, target, options);
  CHECK(loader.notices().empty());
  const data::Batch batch = loader.next();
  const std::vector<float> pixels = batch.source_images.to_values<float>();
  const auto [darkest, brightest] = std::minmax_element(pixels.begin(), pixels.end());
  // Mean 0 and deviation 1 of each image, some pixels made darker and brighter.
  CHECK(*darkest >= -6);
  CHECK(*darkest < -1);
  CHECK(*brightest <= 6);
  CHECK(*brightest > 1);
  const std::vector<float> weights = batch.target_weights.to_values<float>();
  CHECK(std::all_of(weights.begin(), weights.end(), [](float weight) { return weight == 1; }));
}
