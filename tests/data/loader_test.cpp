// The loader: the same batches whatever the threads do, and an orderly end whatever happens.
#include "data/loader.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "data/file.h"
#include "tests/data/folder.h"

using namespace masktwins;
using namespace masktwins::data;
using masktwins::tests::error_of;
using masktwins::tests::Folder;

namespace {

constexpr int64_t height = 40, width = 56;

// Pixel (row, column) of section k has value row * 4 + column + k; class 1 where the value is odd.
void write_sections(const Folder& folder, int count) {
  for (int k = 0; k < count; ++k) {
    Image image{1, height, width, {}};
    LabelMap labels{height, width, {}};
    for (int64_t row = 0; row < height; ++row)
      for (int64_t column = 0; column < width; ++column) {
        const int64_t value = row * 4 + column + k;
        image.pixels.push_back(static_cast<float>(value));
        labels.classes.push_back(static_cast<uint8_t>(value % 2));
      }
    const std::string name = std::to_string(k) + ".png";
    write_png(folder / "images" / name, image);
    write_png(folder / "labels" / name, labels);
  }
}

std::shared_ptr<const Dataset> dataset(const Folder& folder, bool labelled) {
  DatasetOptions options;
  options.images = {folder / "images"};
  if (labelled) options.labels = {folder / "labels"};
  return std::make_shared<const Dataset>(options);
}

LoaderOptions small_options() {
  LoaderOptions options;
  options.seed = 3;
  options.crop = 16;
  return options;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && std::memcmp(a.raw_data(), b.raw_data(), a.bytes()) == 0;
}

bool same_batch(const Batch& a, const Batch& b) {
  return a.step == b.step && same_bits(a.source_images, b.source_images) &&
         same_bits(a.source_labels, b.source_labels) && same_bits(a.target_images, b.target_images) &&
         same_bits(a.target_weights, b.target_weights);
}

std::vector<Batch> take(Loader& loader, int count) {
  std::vector<Batch> batches;
  for (int i = 0; i < count; ++i) batches.push_back(loader.next());
  return batches;
}

}  // namespace

TEST_CASE("batches have the promised shapes and consecutive steps") {
  const Folder folder;
  write_sections(folder, 2);
  LoaderOptions options = small_options();
  options.batch = 3;
  options.target_batch = 1;
  Loader loader(dataset(folder, true), dataset(folder, false), options);
  CHECK(loader.notices().empty());
  for (int64_t step = 0; step < 3; ++step) {
    const Batch batch = loader.next();
    CHECK(batch.step == step);
    CHECK(batch.source_images.shape() == Shape{3, 1, 16, 16});
    CHECK(batch.source_images.dtype() == DType::float32);
    CHECK(batch.source_labels.shape() == Shape{3, 16, 16});
    CHECK(batch.source_labels.dtype() == DType::uint8);
    CHECK(batch.target_images.shape() == Shape{1, 1, 16, 16});
  }
}

TEST_CASE("without a target set there are no target images") {
  const Folder folder;
  write_sections(folder, 1);
  Loader loader(dataset(folder, true), nullptr, small_options());
  CHECK(!loader.next().target_images.defined());
}

TEST_CASE("an unaugmented crop is a piece of a section, bit for bit, with its labels") {
  const Folder folder;
  write_sections(folder, 1);
  LoaderOptions options = small_options();
  options.augment.probability = 0;
  Loader loader(dataset(folder, true), nullptr, options);
  std::vector<float> corners;
  for (const Batch& batch : take(loader, 10)) {
    const float* pixels = batch.source_images.data<float>();
    const uint8_t* labels = batch.source_labels.data<uint8_t>();
    const float range = 4 * (height - 1) + width - 1;
    for (int64_t i = 0; i < batch.source_labels.numel(); ++i) {
      const int64_t row = i % 256 / 16, column = i % 16, first = i / 256 * 256;
      const float corner = std::round(pixels[first] * range);
      const float value = pixels[i] * range;
      CHECK(std::abs(value - (corner + static_cast<float>(row * 4 + column))) <= 1e-3f);
      CHECK(labels[i] == std::lround(value) % 2);
      if (i % 256 == 0) corners.push_back(corner);
    }
  }
  std::sort(corners.begin(), corners.end());
  CHECK(std::unique(corners.begin(), corners.end()) - corners.begin() > 10);
}

TEST_CASE("every place and every section is drawn, the border included") {
  const Folder folder;
  write_sections(folder, 3);
  LoaderOptions options = small_options();
  options.crop = 38;
  options.batch = 16;
  options.augment.probability = 0;
  Loader loader(dataset(folder, true), nullptr, options);
  float lowest = 1, highest = 0;
  for (const Batch& batch : take(loader, 20)) {
    const float* pixels = batch.source_images.data<float>();
    lowest = std::min(lowest, *std::min_element(pixels, pixels + batch.source_images.numel()));
    highest = std::max(highest, *std::max_element(pixels, pixels + batch.source_images.numel()));
  }
  CHECK(lowest == 0);
  CHECK(highest == 1);
}

TEST_CASE("one worker or four, and a start at any step, give the same bits") {
  const Folder folder;
  write_sections(folder, 3);
  LoaderOptions options = small_options();
  options.augment.probability = 0.8;
  Loader one(dataset(folder, true), dataset(folder, false), options);
  options.workers = 4;
  options.prefetch = 5;
  Loader four(dataset(folder, true), dataset(folder, false), options);
  options.first_step = 7;
  Loader resumed(dataset(folder, true), dataset(folder, false), options);
  const std::vector<Batch> a = take(one, 12), b = take(four, 12), c = take(resumed, 5);
  for (std::size_t i = 0; i < 12; ++i) CHECK(same_batch(a[i], b[i]));
  for (std::size_t i = 0; i < 5; ++i) CHECK(same_batch(a[i + 7], c[i]));
  CHECK(!same_bits(a[0].source_images, a[1].source_images));
  CHECK(!same_bits(a[0].source_images, a[0].target_images));
}

TEST_CASE("another seed gives other batches") {
  const Folder folder;
  write_sections(folder, 3);
  LoaderOptions options = small_options();
  Loader first(dataset(folder, true), nullptr, options);
  options.seed = 4;
  Loader second(dataset(folder, true), nullptr, options);
  CHECK(!same_bits(first.next().source_images, second.next().source_images));
}

TEST_CASE("sections smaller than the crop are mirrored, ignored there, and mentioned once") {
  const Folder folder;
  write_sections(folder, 1);
  LoaderOptions options = small_options();
  options.crop = 48;
  options.augment.probability = 0;
  Loader loader(dataset(folder, true), dataset(folder, false), options);
  REQUIRE(loader.notices().size() == 2);
  CHECK(loader.notices()[0].find("1 of 1 source sections") == 0);
  CHECK(loader.notices()[0].find("56x40") != std::string::npos);
  CHECK(loader.notices()[1].find("target") != std::string::npos);
  const Batch batch = loader.next();
  const float* pixels = batch.source_images.data<float>();
  const uint8_t* labels = batch.source_labels.data<uint8_t>();
  for (int64_t column = 0; column < 48; ++column) {
    // 48 - 40 = 8 rows too many, 4 above and 4 below.
    CHECK(labels[3 * 48 + column] == ignore_class);
    CHECK(labels[4 * 48 + column] != ignore_class);
    CHECK(labels[43 * 48 + column] != ignore_class);
    CHECK(labels[44 * 48 + column] == ignore_class);
    CHECK(pixels[3 * 48 + column] == pixels[5 * 48 + column]);
    CHECK(pixels[44 * 48 + column] == pixels[42 * 48 + column]);
  }
}

TEST_CASE("crops without foreground are drawn again") {
  const Folder folder;
  write_png(folder / "images" / "a.png", Image{1, 64, 64, std::vector<float>(64 * 64, 1)});
  LabelMap labels{64, 64, std::vector<uint8_t>(64 * 64, 0)};
  for (std::size_t row = 0; row < 16; ++row)
    std::fill_n(labels.classes.begin() + static_cast<int64_t>(row * 64), 16, uint8_t{1});
  write_png(folder / "labels" / "a.png", labels);
  const auto empty_crops = [&](double share) {
    LoaderOptions options = small_options();
    options.batch = 8;
    options.foreground_share = share;
    options.foreground_tries = 50;
    options.augment.probability = 0;
    Loader loader(dataset(folder, true), nullptr, options);
    int64_t empty = 0;
    for (const Batch& batch : take(loader, 4))
      for (int64_t sample = 0; sample < 8; ++sample) {
        const uint8_t* crop = batch.source_labels.data<uint8_t>() + sample * 256;
        empty += std::count(crop, crop + 256, uint8_t{1}) < 26;  // a tenth
      }
    return empty;
  };
  CHECK(empty_crops(0) > 16);
  CHECK(empty_crops(0.1) < 4);
}

TEST_CASE("target crops keep their intensities if asked to, source crops never do") {
  const Folder folder;
  write_sections(folder, 1);
  LoaderOptions options = small_options();
  options.augment = {.probability = 1, .flip = 0, .transpose = 0, .rotate = 0, .resize = 0, .elastic = 0};
  options.augment.brightness_contrast = 1;
  const auto changed = [&](bool target_intensities) {
    options.augment.target_intensities = target_intensities;
    Loader loader(dataset(folder, true), dataset(folder, false), options);
    LoaderOptions plain = options;
    plain.augment.brightness_contrast = 0;
    Loader reference(dataset(folder, true), dataset(folder, false), plain);
    const Batch batch = loader.next(), expected = reference.next();
    return std::pair(!same_bits(batch.source_images, expected.source_images),
                     !same_bits(batch.target_images, expected.target_images));
  };
  CHECK(changed(true) == std::pair(true, true));
  CHECK(changed(false) == std::pair(true, false));
}

TEST_CASE("what a worker meets comes out of next(), every time") {
  const Folder folder;
  write_sections(folder, 1);
  const auto set = dataset(folder, true);
  write_file(folder / "images" / "0.png", "overwritten");
  LoaderOptions options = small_options();
  options.workers = 3;
  Loader loader(set, nullptr, options);
  for (int i = 0; i < 2; ++i)
    CHECK(error_of([&] { loader.next(); }).find("0.png: not a readable") != std::string::npos);
}

TEST_CASE("a loader may be dropped at any moment") {
  const Folder folder;
  write_sections(folder, 2);
  const auto set = dataset(folder, true);
  LoaderOptions options = small_options();
  options.workers = 3;
  options.prefetch = 4;
  for (int taken = 0; taken < 6; ++taken) {
    Loader loader(set, set, options);
    take(loader, taken);
  }
}

TEST_CASE("senseless options are refused by name") {
  const Folder folder;
  write_sections(folder, 1);
  const auto set = dataset(folder, true);
  const auto message = [&](auto&& change) {
    LoaderOptions options = small_options();
    change(options);
    return error_of([&] { Loader loader(set, nullptr, options); });
  };
  CHECK(message([](LoaderOptions& options) { options.crop = 0; }).find("data.crop") == 0);
  CHECK(message([](LoaderOptions& options) { options.batch = 0; }).find("data.batch") == 0);
  CHECK(message([](LoaderOptions& options) { options.workers = 0; }).find("data.workers") == 0);
  CHECK(message([](LoaderOptions& options) { options.foreground_share = 2; }).find("data.foreground_share") ==
        0);
  CHECK(error_of([&] { Loader loader(dataset(folder, false), nullptr, small_options()); }).find("labels") !=
        std::string::npos);
}

namespace {

// Sections of 40x40 pixels, all class 0 but a square of 8x8 pixels of class 1 in section 2.
std::shared_ptr<const Dataset> one_rare_square(const Folder& folder) {
  for (int k = 0; k < 4; ++k) {
    LabelMap labels{40, 40, std::vector<uint8_t>(1600, 0)};
    if (k == 2)
      for (std::size_t i = 0; i < 64; ++i) labels.classes[(12 + i / 8) * 40 + 20 + i % 8] = 1;
    const std::string name = std::to_string(k) + ".png";
    write_png(folder / "images" / name, Image{1, 40, 40, std::vector<float>(1600, static_cast<float>(k))});
    write_png(folder / "labels" / name, labels);
  }
  return dataset(folder, true);
}

}  // namespace

TEST_CASE("rare classes: nearly every crop shows the rare square, the same at every start") {
  const Folder folder;
  const auto source = one_rare_square(folder);
  LoaderOptions options = small_options();
  options.augment.probability = 0;
  options.rare_classes = std::make_shared<const RareClasses>(
      *source, count_classes(*source), 2,
      RareClassOptions{.min_pixels = 32, .temperature = 0.01, .min_crop_ratio = 1, .class_names = {}});
  Loader loader(source, nullptr, options);
  const std::vector<Batch> batches = take(loader, 20);
  int shown = 0;
  for (const Batch& batch : batches)
    for (int64_t sample = 0; sample < 2; ++sample) {
      const uint8_t* labels = batch.source_labels.data<uint8_t>() + sample * 256;
      shown += std::count(labels, labels + 256, 1) > 32;
    }
  // A uniform place shows 33 pixels or more with probability 0.26, an eleventh of all fails eleven times: 96
  // %.
  CHECK(shown >= 35);
  options.first_step = 7;
  Loader resumed(source, nullptr, options);
  const Batch batch = resumed.next();
  CHECK(same_bits(batch.source_images, batches[7].source_images));
  CHECK(same_bits(batch.source_labels, batches[7].source_labels));
}

TEST_CASE("target weights say which pixels count") {
  const Folder folder;
  write_sections(folder, 1);
  LoaderOptions options = small_options();
  options.crop = 64;  // the sections have 40x56 pixels
  options.augment.probability = 0;
  options.augment.border = "zero";
  Loader loader(dataset(folder, true), dataset(folder, false), options);
  const std::vector<float> weights = loader.next().target_weights.to_values<float>();
  CHECK(std::count(weights.begin(), weights.end(), 1.0f) == 2 * 40 * 56);
  CHECK(std::count(weights.begin(), weights.end(), 0.0f) == 2 * (64 * 64 - 40 * 56));
  REQUIRE(loader.notices().size() == 2);
  CHECK(loader.notices()[0].find("smaller than the crop of 64x64") != std::string::npos);
  CHECK(loader.notices()[0].find("filled with zeros, without labels") != std::string::npos);
}
