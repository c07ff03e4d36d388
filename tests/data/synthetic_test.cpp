// The synthetic domains: exact, reproducible, of plausible composition, and readable as data sets.
#include "data/synthetic.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "data/dataset.h"
#include "data/synthetic/noise.h"
#include "data/synthetic/tube.h"
#include "tests/data/folder.h"

using namespace masktwins::data;
using masktwins::tests::error_of;
using masktwins::tests::Folder;

namespace {

double mean_where(const SyntheticSection& section, uint8_t label) {
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < section.labels.classes.size(); ++i)
    if (section.labels.classes[i] == label) sum += section.image.pixels[i], ++count;
  return sum / count;
}

}  // namespace

TEST_CASE("a section is a pure function of domain, seed and index") {
  const SyntheticSection first = draw_section(SyntheticDomain::source, 1, 2, 96);
  const SyntheticSection again = draw_section(SyntheticDomain::source, 1, 2, 96);
  CHECK(first.image.pixels == again.image.pixels);
  CHECK(first.labels.classes == again.labels.classes);
  for (const SyntheticSection& other :
       {draw_section(SyntheticDomain::target, 1, 2, 96), draw_section(SyntheticDomain::source, 2, 2, 96),
        draw_section(SyntheticDomain::source, 1, 3, 96)})
    CHECK(first.image.pixels != other.image.pixels);
}

TEST_CASE("both domains hold a fair share of mitochondria, darker than their surroundings") {
  for (const SyntheticDomain domain : {SyntheticDomain::source, SyntheticDomain::target}) {
    double foreground = 0;
    for (int64_t index = 0; index < 3; ++index) {
      const SyntheticSection section = draw_section(domain, 5, index, 256);
      REQUIRE(section.image.pixels.size() == 256 * 256);
      REQUIRE(section.labels.classes.size() == 256 * 256);
      CHECK(std::all_of(section.image.pixels.begin(), section.image.pixels.end(),
                        [](float value) { return value >= 0 && value <= 255; }));
      CHECK(std::all_of(section.labels.classes.begin(), section.labels.classes.end(),
                        [](uint8_t label) { return label <= 1; }));
      foreground += static_cast<double>(
          std::count(section.labels.classes.begin(), section.labels.classes.end(), uint8_t{1}));
      CHECK(mean_where(section, 1) < mean_where(section, 0) - 10);
    }
    foreground /= 3 * 256 * 256;
    CHECK(foreground > 0.03);
    CHECK(foreground < 0.2);
  }
}

TEST_CASE("the target is softer and of lower contrast") {
  const auto steps = [](SyntheticDomain domain) {
    const Image image = draw_section(domain, 1, 0, 256).image;
    double sum = 0;
    for (std::size_t i = 1; i < image.pixels.size(); ++i)
      sum += std::abs(image.pixels[i] - image.pixels[i - 1]);
    return sum / static_cast<double>(image.pixels.size());
  };
  CHECK(steps(SyntheticDomain::target) < 0.8 * steps(SyntheticDomain::source));
}

TEST_CASE("write_synthetic makes three sets that can be read") {
  const Folder folder;
  SyntheticOptions options;
  options.size = 64;
  options.source_sections = 2;
  options.target_sections = 1;
  options.test_sections = 1;
  write_synthetic(folder / "synth", options);
  for (const auto& [name, count] : {std::pair{"source", 2}, {"target", 1}, {"test", 1}}) {
    CAPTURE(name);
    DatasetOptions set;
    set.images = {folder / "synth" / name / "images"};
    set.labels = {folder / "synth" / name / "labels"};
    set.label_values = LabelValues(2, {{0, 0}, {255, 1}});
    const Dataset dataset(set);
    CHECK(dataset.size() == count);
    CHECK(dataset.section(0)->image.height == 64);
  }
  CHECK(read_image(folder / "synth" / "target" / "images" / "000.png").pixels ==
        draw_section(SyntheticDomain::target, 1, 0, 64).image.pixels);
  CHECK(read_image(folder / "synth" / "test" / "images" / "000.png").pixels ==
        draw_section(SyntheticDomain::target, 1, 1, 64).image.pixels);
}

TEST_CASE("senseless sizes are refused") {
  CHECK(error_of([] { draw_section(SyntheticDomain::source, 1, 0, 8); }).find("size") != std::string::npos);
  SyntheticOptions options;
  options.test_sections = 0;
  CHECK(error_of([&] { write_synthetic("unused", options); }).find("at least one") != std::string::npos);
  CHECK(!std::filesystem::exists("unused"));
}

TEST_CASE("smooth noise has zero mean, unit variance and the asked smoothness") {
  Draws draws({1, 2}, 3, 4);
  const Image noise = smooth_noise(256, 4, draws);
  double sum = 0, squares = 0, step = 0;
  for (std::size_t i = 0; i < noise.pixels.size(); ++i) {
    sum += noise.pixels[i];
    squares += noise.pixels[i] * noise.pixels[i];
    if (i % 256 > 0) step = std::max(step, double{std::abs(noise.pixels[i] - noise.pixels[i - 1])});
  }
  CHECK(std::abs(sum / 65536) <= 0.08);
  CHECK(std::abs(squares / 65536 - 1) <= 0.1);
  CHECK(step <= 2);
}

TEST_CASE("a tube knows its inside") {
  Draws draws({1, 2}, 3, 4);
  const Tube disc({50, 50}, 10, 0, 0, draws);
  CHECK(std::abs(disc.at(50, 50).depth - 10) <= 1e-9);
  CHECK(std::abs(disc.at(50, 60).depth) <= 1e-9);
  CHECK(std::abs(disc.at(44, 42).depth) <= 1e-9);
  int pixels = 0;
  disc.for_each_pixel(100, 0, [&](int64_t, int64_t, const Tube::Place&) { ++pixels; });
  CHECK(std::abs(pixels - 314) <= 12);
  // Off the section nothing is visited.
  Tube({-30, 50}, 10, 0, 0, draws).for_each_pixel(100, 0, [&](int64_t, int64_t, const Tube::Place&) {
    FAIL("outside");
  });
  const Tube tube({50, 50}, 5, 40, 0, draws);
  pixels = 0;
  tube.for_each_pixel(100, 0, [&](int64_t, int64_t, const Tube::Place&) { ++pixels; });
  CHECK(std::abs(pixels - (400 + 79)) <= 40);
}
