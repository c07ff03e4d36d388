// Datasets from folders and files: order, pairing, selection, scaling, and what goes wrong.
#include "data/dataset.h"

#include <doctest/doctest.h>

#include <thread>

#include "data/file.h"
#include "tests/data/folder.h"

using namespace masktwins;
using namespace masktwins::data;
using masktwins::tests::error_of;
using masktwins::tests::Folder;

namespace {

Image ramp(int64_t height, int64_t width) {
  Image image{1, height, width, {}};
  for (int64_t i = 0; i < height * width; ++i) image.pixels.push_back(static_cast<float>(i % 256));
  return image;
}

LabelMap stripes(int64_t height, int64_t width) {
  LabelMap labels{height, width, {}};
  for (int64_t i = 0; i < height * width; ++i) labels.classes.push_back(i % width < width / 2 ? 0 : 255);
  return labels;
}

// images/{a,b,c}.png and labels/ of the same names, 255 = class 1.
DatasetOptions three_sections(const Folder& folder) {
  for (const char* name : {"b.png", "a.png", "c.png"}) {
    write_png(folder / "images" / name, ramp(8, 12));
    write_png(folder / "labels" / name, stripes(8, 12));
  }
  DatasetOptions options;
  options.images = {folder / "images"};
  options.labels = {folder / "labels"};
  options.label_values = LabelValues(2, {{0, 0}, {255, 1}});
  return options;
}

std::string error_with(const DatasetOptions& options) {
  return error_of([&] { Dataset dataset(options); });
}

}  // namespace

TEST_CASE("sections come sorted with their labels") {
  const Folder folder;
  const Dataset dataset(three_sections(folder));
  REQUIRE(dataset.size() == 3);
  CHECK(dataset.labelled());
  CHECK(dataset.name(0) == "a");
  CHECK(dataset.name(2) == "c");
  const auto section = dataset.section(1);
  CHECK(section->name == "b");
  CHECK(section->image.height == 8);
  CHECK(section->image.width == 12);
  CHECK(section->image.pixels.back() == 1.0f);
  CHECK(section->labels.classes[5] == 0);
  CHECK(section->labels.classes[6] == 1);
  CHECK(error_of([&] { dataset.section(3); }) != "");
}

TEST_CASE("without labels sections have none") {
  const Folder folder;
  DatasetOptions options = three_sections(folder);
  options.labels.clear();
  const Dataset dataset(options);
  CHECK(!dataset.labelled());
  CHECK(!dataset.section(0)->labelled());
}

TEST_CASE("patterns, ranges and several folders select") {
  const Folder folder;
  DatasetOptions options = three_sections(folder);
  options.exclude = "b*";
  CHECK(Dataset(options).size() == 2);
  options.exclude = "";
  options.include = "[bc].png";
  CHECK(Dataset(options).name(0) == "b");
  options.include = "z*";
  CHECK(error_with(options).find("include") != std::string::npos);
  options.include = "";
  options.first = 1, options.count = 1;
  CHECK(Dataset(options).size() == 1);
  CHECK(Dataset(options).name(0) == "b");
  options.count = 3;
  CHECK(error_with(options).find("there are 3") != std::string::npos);
  options.first = 0, options.count = 0;
  options.images.push_back(folder / "images" / "c.png");
  options.labels.push_back(folder / "labels" / "a.png");
  CHECK(Dataset(options).size() == 4);
}

TEST_CASE("suffixes and subfolders pair as in Cityscapes") {
  const Folder folder;
  write_png(folder / "leftImg8bit" / "ulm" / "7_leftImg8bit.png", ramp(4, 4));
  write_png(folder / "gtFine" / "ulm" / "7_gtFine_labelTrainIds.png", stripes(4, 4));
  write_png(folder / "gtFine" / "ulm" / "7_gtFine_color.png", stripes(4, 4));
  DatasetOptions options;
  options.images = {folder / "leftImg8bit"};
  options.labels = {folder / "gtFine"};
  options.image_suffix = "_leftImg8bit";
  options.label_suffix = "_gtFine_labelTrainIds";
  const Dataset dataset(options);
  CHECK(dataset.size() == 1);
  CHECK(dataset.name(0) == "ulm/7");
}

TEST_CASE("scale resizes image and label") {
  const Folder folder;
  DatasetOptions options = three_sections(folder);
  options.scale = 0.5;
  const Dataset dataset(options);
  CHECK(dataset.height(0) == 4);
  CHECK(dataset.width(0) == 6);
  const auto section = dataset.section(0);
  CHECK(section->image.height == 4);
  CHECK(section->labels.classes ==
        std::vector<uint8_t>{0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1});
}

TEST_CASE("a grey file can feed an RGB network") {
  const Folder folder;
  DatasetOptions options = three_sections(folder);
  options.channels = 3;
  options.normalisation = Normalisation::imagenet;
  CHECK(image_tensor(*Dataset(options).section(0)).shape() == Shape{1, 3, 8, 12});
}

TEST_CASE("a small cache gives the same sections") {
  const Folder folder;
  DatasetOptions options = three_sections(folder);
  write_png(folder / "images" / "b.png", Image{1, 8, 12, std::vector<float>(96, 3)});
  const Dataset roomy(options);
  options.cache_bytes = 1;
  const Dataset tight(options);
  for (const int64_t index : {0, 1, 2, 1, 0, 0}) {
    CHECK(tight.section(index)->name == roomy.section(index)->name);
    CHECK(tight.section(index)->image.pixels == roomy.section(index)->image.pixels);
  }
  CHECK(roomy.section(1) == roomy.section(1));  // kept, not read again
}

TEST_CASE("threads may read at the same time") {
  const Folder folder;
  DatasetOptions options = three_sections(folder);
  options.cache_bytes = 800;
  const Dataset dataset(options);
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int64_t i = 0; i < 40; ++i) wrong += dataset.section((i + t) % 3)->labels.classes.size() != 96;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("what goes wrong is said when the set is made, with the path") {
  const Folder folder;
  const DatasetOptions good = three_sections(folder);
  DatasetOptions options = good;

  options.images = {folder / "nowhere"};
  CHECK(error_with(options).find("nowhere: no such file or folder") != std::string::npos);

  std::filesystem::create_directory(folder / "empty");
  options.images = {folder / "empty"};
  CHECK(error_with(options).find("empty: no images") != std::string::npos);

  options = good;
  options.image_suffix = "_image";
  CHECK(error_with(options).find("'_image'") != std::string::npos);

  options = good;
  options.scale = 0;
  CHECK(error_with(options).find("data.scale") != std::string::npos);
  options.scale = 1.0 / 0.0;
  CHECK(error_with(options).find("data.scale") != std::string::npos);

  write_png(folder / "labels" / "b.png", stripes(8, 11));
  CHECK(error_with(good).find("b.png: the label has 11x8 pixels, the image 12x8") != std::string::npos);

  std::filesystem::remove(folder / "labels" / "b.png");
  CHECK(error_with(good).find("b.png: no label 'b'") != std::string::npos);

  write_file(folder / "labels" / "b.png", "not a picture");
  CHECK(error_with(good).find("b.png: not a readable") != std::string::npos);
}

TEST_CASE("a folder that cannot be searched is named, with the reason") {
  const Folder folder;
  DatasetOptions options = three_sections(folder);
  std::filesystem::create_symlink("loop.png", folder / "images" / "loop.png");
  const std::string error = error_with(options);
  CAPTURE(error);
  CHECK(error.find((folder / "images").string() + ": cannot be searched for images: Too many levels") == 0);
}

TEST_CASE("sections are resized, keeping their ratio, to the published sizes") {
  const Folder folder;
  write_png(folder / "images/gta.png", LabelMap{1052, 1914, std::vector<uint8_t>(1052 * 1914, 9)});
  write_png(folder / "images/tall.png", LabelMap{1914, 1052, std::vector<uint8_t>(1052 * 1914, 9)});
  DatasetOptions options;
  options.images = {folder / "images"};
  options.long_side = 2560;
  options.short_side = 1440;
  const Dataset dataset(options);
  CHECK(dataset.width(0) == 2560);
  CHECK(dataset.height(0) == 1407);
  CHECK(dataset.width(1) == 1407);
  CHECK(dataset.height(1) == 2560);
  options.scale = 0.5;
  CHECK(Dataset(options).height(0) == 704);
  options.short_side = 0;
  CHECK(error_with(options).find("must both be set") != std::string::npos);
}

TEST_CASE("margins are those of the file, scaled with it") {
  const Folder folder;
  DatasetOptions options = three_sections(folder);
  options.margins = {.top = 1, .bottom = 3, .left = 0, .right = 2};
  options.scale = 2;
  const Margins margins = Dataset(options).section(0)->margins;
  CHECK(margins.top == 2);
  CHECK(margins.bottom == 6);
  CHECK(margins.left == 0);
  CHECK(margins.right == 4);
}
