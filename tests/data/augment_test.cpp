// Augmentation: image and label stay together, each change does what it is named after, and no crop leaves
// the section without need.
#include "data/augment.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "tests/data/folder.h"

using namespace masktwins;
using namespace masktwins::data;
using masktwins::tests::error_of;

namespace {

// Intensity and class both tell the row (or the column) of a pixel.
Section ramp(int64_t size, bool along_columns) {
  Section section{"ramp", {1, size, size, {}, 1}, {size, size, {}}};
  for (int64_t row = 0; row < size; ++row)
    for (int64_t column = 0; column < size; ++column) {
      const int64_t value = along_columns ? column : row;
      section.image.pixels.push_back(static_cast<float>(value) / 255);
      section.labels.classes.push_back(static_cast<uint8_t>(value));
    }
  return section;
}

Section flat(int64_t size, float value) {
  return {"flat",
          {1, size, size, std::vector<float>(static_cast<std::size_t>(size * size), value), 1},
          {size, size, std::vector<uint8_t>(static_cast<std::size_t>(size * size), 0)}};
}

AugmentOptions nothing() {
  AugmentOptions options;
  options.probability = 1;
  options.flip = options.transpose = options.rotate = options.resize = options.elastic = 0;
  options.brightness_contrast = options.motion_blur = 0;
  return options;
}

AugmentOptions geometry() {
  AugmentOptions options;
  options.probability = 1;
  options.resize = options.elastic = 0.7;
  options.elastic_pixels = 6;
  options.elastic_spacing = 20;
  options.brightness_contrast = options.motion_blur = 0;
  return options;
}

struct Crop {
  Image image;
  LabelMap labels;
};

Crop crop_of(const Section& section, const AugmentOptions& options, int64_t size, uint32_t sample) {
  Draws draws({1, 2}, 3, sample);
  const Placement placement = draw_placement(options, size, section, draws);
  return {draw_image(options, section, placement, draws), placement.labels};
}

// Change of the section's coordinate per pixel of the crop, (down, across), from a ramp.
Point slope(const Crop& crop) {
  const int64_t middle = crop.image.height / 2;
  const float here = crop.image.at(middle, middle)[0];
  return {255 * (crop.image.at(middle + 1, middle)[0] - here),
          255 * (crop.image.at(middle, middle + 1)[0] - here)};
}

double mean_of(const Image& image) {
  double sum = 0;
  for (const float value : image.pixels) sum += value;
  return sum / static_cast<double>(image.pixels.size());
}

}  // namespace

TEST_CASE("labels stay on their image within half a pixel under every warp") {
  for (const bool along_columns : {false, true}) {
    const Section section = ramp(240, along_columns);
    for (uint32_t sample = 0; sample < 60; ++sample) {
      CAPTURE(sample);
      const Crop crop = crop_of(section, geometry(), 48, sample);
      double worst = 0;
      for (std::size_t i = 0; i < crop.labels.classes.size(); ++i)
        worst = std::max(worst, std::abs(double{crop.image.pixels[i]} * 255 - crop.labels.classes[i]));
      CHECK(worst <= 0.501);
    }
  }
}

TEST_CASE("a crop leaves the section only if it must") {
  // The widest footprint: 48 pixels turned (factor 1.42), shrunk twofold, sheared and displaced.
  for (uint32_t sample = 0; sample < 60; ++sample) {
    const Crop inside = crop_of(ramp(250, false), geometry(), 48, sample);
    CHECK(std::count(inside.labels.classes.begin(), inside.labels.classes.end(), ignore_class) == 0);
  }
  const Crop outside = crop_of(flat(20, 0.5f), nothing(), 30, 0);
  CHECK(std::count(outside.labels.classes.begin(), outside.labels.classes.end(), ignore_class) ==
        30 * 30 - 20 * 20);
  CHECK(std::all_of(outside.image.pixels.begin(), outside.image.pixels.end(),
                    [](float value) { return value == 0.5f; }));
}

TEST_CASE("a zero border fills the crop with what the network sees as 0, without labels and without weight") {
  AugmentOptions options = nothing();
  options.border = "zero";
  Section section = flat(20, 0.5f);
  section.mean.fill(0.25f);
  Draws draws({1, 2}, 3, 0);
  const Placement placement = draw_placement(options, 30, section, draws);
  Image image = draw_image(options, section, placement, draws);
  apply_normalisation(section, image);
  const std::vector<float> weights = crop_weights(section, placement.warp);
  int outside = 0;
  for (int64_t i = 0; i < 900; ++i) {
    const bool inside = i / 30 >= 5 && i / 30 < 25 && i % 30 >= 5 && i % 30 < 25;
    const auto at = static_cast<std::size_t>(i);
    CHECK(image.pixels[at] == (inside ? 0.25f : 0.0f));
    CHECK(placement.labels.classes[at] == (inside ? 0 : ignore_class));
    CHECK(weights[at] == (inside ? 1.0f : 0.0f));
    outside += !inside;
  }
  CHECK(outside == 500);
}

TEST_CASE("margins have no weight, and turn with the image") {
  Section section = ramp(40, true);
  section.margins = {.top = 3, .bottom = 8, .left = 2, .right = 1};
  AugmentOptions options = nothing();
  options.mirror = 0.5;
  int mirrored_crops = 0;
  for (uint32_t sample = 0; sample < 20; ++sample) {
    Draws draws({1, 2}, 3, sample);
    const Placement placement = draw_placement(options, 40, section, draws);
    const bool turned = placement.labels.classes[0] == 39;
    mirrored_crops += turned;
    const std::vector<float> weights = crop_weights(section, placement.warp);
    for (int64_t row = 0; row < 40; ++row)
      for (int64_t column = 0; column < 40; ++column) {
        const int64_t x = turned ? 39 - column : column;
        const bool counts = row >= 3 && row < 32 && x >= 2 && x < 39;
        CHECK(weights[static_cast<std::size_t>(row * 40 + column)] == (counts ? 1.0f : 0.0f));
      }
  }
  CHECK(mirrored_crops >= 4);
  CHECK(mirrored_crops <= 16);
  // A mirrored border shows the image, so it counts.
  section.margins = {};
  Draws draws({1, 2}, 3, 0);
  const std::vector<float> all = crop_weights(section, draw_placement(nothing(), 60, section, draws).warp);
  CHECK(std::count(all.begin(), all.end(), 1.0f) == 60 * 60);
}

TEST_CASE("crops with too much of one class are placed again, ten times at most") {
  // Class 1 fills the left three quarters; crops at the right border show it and class 2.
  Section section = flat(64, 0.5f);
  for (int64_t i = 0; i < 64 * 64; ++i)
    section.labels.classes[static_cast<std::size_t>(i)] = i % 64 < 48 ? 1 : 2;
  AugmentOptions options = nothing();
  const auto mixed = [&](double limit) {
    options.class_share_limit = limit;
    int crops = 0;
    for (uint32_t sample = 0; sample < 100; ++sample) {
      const LabelMap labels = crop_of(section, options, 16, sample).labels;
      const auto ones = std::count(labels.classes.begin(), labels.classes.end(), 1);
      crops += ones > 64 && ones < 192;
    }
    return crops;
  };
  const int without = mixed(1), with = mixed(0.75);
  // 7 of 49 places pass; eleven draws miss them all with probability (42/49)^11 = 0.18.
  CHECK(without < 30);
  CHECK(with > 65);
  CHECK(with < 98);
}

TEST_CASE("flips and transposes move pixels without changing them") {
  const Section rows = ramp(32, false), columns = ramp(32, true);
  AugmentOptions options = nothing();
  options.flip = 1;
  int upside_down = 0, left_to_right = 0, both = 0;
  for (uint32_t sample = 0; sample < 90; ++sample) {
    const Point down = slope(crop_of(rows, options, 32, sample));
    const Point across = slope(crop_of(columns, options, 32, sample));
    CHECK(std::abs(std::abs(down.row) - 1) <= 1e-4);
    CHECK(std::abs(std::abs(across.column) - 1) <= 1e-4);
    upside_down += down.row < 0 && across.column > 0;
    left_to_right += down.row > 0 && across.column < 0;
    both += down.row < 0 && across.column < 0;
  }
  CHECK(upside_down + left_to_right + both == 90);
  CHECK(std::min({upside_down, left_to_right, both}) >= 15);
  options.flip = 0;
  options.transpose = 1;
  CHECK(crop_of(rows, options, 32, 0).image.pixels == columns.image.pixels);
  CHECK(crop_of(rows, options, 32, 0).labels.classes == columns.labels.classes);
}

TEST_CASE("rotation keeps lengths and stays within its range") {
  const Section rows = ramp(200, false), columns = ramp(200, true);
  AugmentOptions options = nothing();
  options.rotate = 1;
  options.rotate_degrees = 30;
  double largest = 0;
  for (uint32_t sample = 0; sample < 60; ++sample) {
    const Point a = slope(crop_of(rows, options, 32, sample));
    const Point b = slope(crop_of(columns, options, 32, sample));
    CHECK(std::abs(a.row * a.row + a.column * a.column - 1) <= 1e-3);
    CHECK(std::abs(a.row * b.column - a.column * b.row - 1) <= 1e-3);  // no reflection
    largest = std::max(largest, std::abs(std::atan2(a.column, a.row)) * 180 / std::numbers::pi);
  }
  CHECK(largest <= 30.1);
  CHECK(largest >= 20);
}

TEST_CASE("resizing spans its range in both directions") {
  const Section rows = ramp(200, false);
  AugmentOptions options = nothing();
  options.resize = 1;
  double smallest = 10, largest = 0;
  for (uint32_t sample = 0; sample < 60; ++sample) {
    const double shrink = slope(crop_of(rows, options, 32, sample)).row;
    smallest = std::min(smallest, shrink);
    largest = std::max(largest, shrink);
  }
  CHECK(smallest >= 0.499);
  CHECK(smallest <= 0.6);
  CHECK(largest <= 2.001);
  CHECK(largest >= 1.7);
}

TEST_CASE("displacement is bounded and smooth") {
  DisplacementGrid grid{10, 8, {}};
  Draws draws({1, 2}, 3, 4);
  for (int i = 0; i < 64; ++i) grid.nodes.push_back({draws.uniform(-5, 5), draws.uniform(-5, 5)});
  double largest = 0, jump = 0;
  for (double row = 0; row < 40; row += 0.5)
    for (double column = 0; column < 40; column += 0.5) {
      const Point here = grid.at(row, column), next = grid.at(row + 0.01, column);
      largest = std::max({largest, std::abs(here.row), std::abs(here.column)});
      jump = std::max(jump, std::abs(next.row - here.row));
    }
  CHECK(largest <= 5);
  CHECK(largest >= 1);
  CHECK(jump <= 0.01 * 5 * 2 / 10 * 1.5);
  CHECK(DisplacementGrid{}.at(3, 4).row == 0);
}

TEST_CASE("the share of augmented crops is as asked for") {
  const Section section = flat(8, 0.5f);
  AugmentOptions options = nothing();
  options.probability = 0.25;
  options.brightness_contrast = 1;
  int changed = 0;
  for (uint32_t sample = 0; sample < 2000; ++sample)
    changed += crop_of(section, options, 4, sample).image.pixels[0] != 0.5f;
  CHECK(changed > 430);
  CHECK(changed < 570);
}

TEST_CASE("brightness and contrast are affine and bounded") {
  AugmentOptions options = nothing();
  options.brightness_contrast = 1;
  Section section = flat(4, 0);
  section.image.pixels = {0.4f, 0.5f, 0.6f, 0.4f, 0.5f, 0.6f, 0.4f, 0.5f,
                          0.6f, 0.4f, 0.5f, 0.6f, 0.4f, 0.5f, 0.6f, 0.5f};
  double least = 9, most = 0;
  for (uint32_t sample = 0; sample < 200; ++sample) {
    const std::vector<float> out = crop_of(section, options, 4, sample).image.pixels;
    const double factor = (out[2] - out[0]) / 0.2;
    CHECK(std::abs(out[1] - (out[0] + out[2]) / 2) <= 1e-6f);
    CHECK(std::abs(out[1] - factor * 0.5) <= 0.2001);
    least = std::min(least, factor);
    most = std::max(most, factor);
  }
  CHECK(least >= 0.799);
  CHECK(least <= 0.83);
  CHECK(most <= 1.201);
  CHECK(most >= 1.17);
}

TEST_CASE("gamma keeps black and white") {
  AugmentOptions options = nothing();
  options.gamma = 1;
  Section section = flat(2, 0);
  section.image.pixels = {0, 0.25f, 1, 0.25f};
  for (uint32_t sample = 0; sample < 50; ++sample) {
    const std::vector<float> out = crop_of(section, options, 2, sample).image.pixels;
    CHECK(out[0] == 0);
    CHECK(out[2] == 1);
    const double exponent = std::log(double{out[1]}) / std::log(0.25);
    CHECK(exponent >= 1 / 1.501);
    CHECK(exponent <= 1.501);
  }
}

TEST_CASE("noise has the drawn deviation and no bias") {
  AugmentOptions options = nothing();
  options.noise = 1;
  const Section section = flat(64, 0.5f);
  double largest = 0;
  for (uint32_t sample = 0; sample < 20; ++sample) {
    const Image noisy = crop_of(section, options, 64, sample).image;
    double squares = 0;
    for (const float value : noisy.pixels) squares += (value - 0.5) * (value - 0.5);
    const double deviation = std::sqrt(squares / 4096);
    CHECK(std::abs(mean_of(noisy) - 0.5) <= 4 * deviation / 64);
    largest = std::max(largest, deviation);
  }
  CHECK(largest <= 0.105);
  CHECK(largest >= 0.07);
}

TEST_CASE("blurs are drawn and intensities stay in [0, 1]") {
  const Section section = ramp(64, false);
  AugmentOptions options = nothing();
  options.motion_blur = options.gaussian_blur = options.noise = options.brightness_contrast = 1;
  options.brightness = options.noise_deviation = 1;
  for (uint32_t sample = 0; sample < 20; ++sample)
    for (const float value : crop_of(section, options, 32, sample).image.pixels) {
      CHECK(value >= 0);
      CHECK(value <= 1);
    }
}

TEST_CASE("geometry alone moves pixels and leaves intensities as they are") {
  AugmentOptions options = geometry();
  options.brightness_contrast = options.gamma = options.motion_blur = 1;
  options.gaussian_blur = options.noise = 1;
  for (uint32_t sample = 0; sample < 20; ++sample) {
    const Crop expected = crop_of(ramp(250, true), geometry(), 48, sample);
    CHECK(crop_of(ramp(250, true), options, 48, sample).image.pixels != expected.image.pixels);
    CHECK(crop_of(ramp(250, true), geometry_only(options), 48, sample).image.pixels == expected.image.pixels);
  }
}

TEST_CASE("senseless strengths are refused by name") {
  AugmentOptions options;
  check(options);
  options.rotate = 1.5;
  CHECK(error_of([&] { check(options); }).find("augment.rotate: ") == 0);
  options = {};
  options.resize_factor = 0.5;
  CHECK(error_of([&] { check(options); }).find("augment.resize_factor: ") == 0);
  options = {};
  options.noise_deviation = std::nan("");
  CHECK(error_of([&] { check(options); }).find("augment.noise_deviation: ") == 0);
}
