// The official folders of the street-scene data sets, and the conversion of their labels.
#include "data/layout.h"

#include <doctest/doctest.h>

#include <set>

#include "data/class_table.h"
#include "data/file.h"
#include "tests/data/folder.h"

using namespace masktwins;
using namespace masktwins::data;
using masktwins::tests::error_of;
using masktwins::tests::Folder;
namespace fs = std::filesystem;

namespace {

using Classes = std::vector<uint8_t>;

const Classes gta_classes = {0, 1, 13, 255, 255, 255, 18, 0};    // of tests/golden/labels/gta.png
const Classes synthia_classes = {0, 1, 2, 3, 11, 255, 255, 18};  // of synthia.png

void write_image(const fs::path& file) { write_png(file, Image{3, 2, 4, std::vector<float>(24, 90), 255}); }

// 2x4 pixels with these values.
void write_ids(const fs::path& file, Classes ids) { write_png(file, LabelMap{2, 4, std::move(ids)}); }

void copy_golden(const std::string& name, const fs::path& file) {
  write_file(file, read_file("tests/golden/labels/" + name + ".png"));
}

Dataset open(const std::string& layout, const fs::path& root, const std::string& split = "train") {
  DatasetOptions options;
  options.channels = 3;
  options.normalisation = Normalisation::imagenet;
  apply_layout(layout, root, split, LabelFiles::converted_if_there, options);
  return Dataset(options);
}

void write_synthia(const fs::path& root) {
  write_image(root / "RGB/0000000.png");
  copy_golden("synthia", root / "GT/LABELS/0000000.png");
}

void write_cityscapes(const fs::path& root) {
  for (const std::string frame : {"aachen/aachen_000000_000019", "ulm/ulm_000001_000019"}) {
    write_image(root / "leftImg8bit/train" / (frame + "_leftImg8bit.png"));
    write_ids(root / "gtFine/train" / (frame + "_gtFine_labelIds.png"), {7, 8, 0, 33, 26, 24, 34, 11});
    write_ids(root / "gtFine/train" / (frame + "_gtFine_instanceIds.png"), {1, 1, 1, 1, 1, 1, 1, 1});
  }
}

}  // namespace

TEST_CASE("SYNTHIA and GTA5 as published") {
  const Folder folder;
  write_synthia(folder / "synthia");
  const Dataset synthia = open("synthia", folder / "synthia");
  REQUIRE(synthia.size() == 1);
  CHECK(synthia.section(0)->labels.classes == synthia_classes);
  write_image(folder / "gta/images/00001.png");
  copy_golden("gta", folder / "gta/labels/00001.png");
  CHECK(open("gta", folder / "gta").section(0)->labels.classes == gta_classes);
}

TEST_CASE("Cityscapes as published: cities, suffixes, other files beside") {
  const Folder folder;
  write_cityscapes(folder / "cs");
  const Dataset dataset = open("cityscapes", folder / "cs");
  REQUIRE(dataset.size() == 2);
  CHECK(dataset.name(1) == "ulm/ulm_000001_000019");
  CHECK(dataset.section(1)->labels.classes == Classes{0, 1, 255, 18, 13, 11, 255, 2});
}

TEST_CASE("ACDC as published, and as DAFormer and MIC arrange it") {
  const Folder folder;
  const auto write = [&](const std::string& root, const std::string& below, const std::string& frame) {
    write_image(folder / (root + "/rgb_anon/" + below + "/" + frame + "_rgb_anon.png"));
    write_ids(folder / (root + "/gt/" + below + "/" + frame + "_gt_labelIds.png"), Classes(8, 23));
  };
  write("official", "fog/train/GOPR1", "f1");
  write("official", "night/train/GOPR2", "n1");
  write("official", "night/val/GOPR3", "n2");
  const Dataset official = open("acdc", folder / "official");
  REQUIRE(official.size() == 2);
  CHECK(official.section(1)->labels.classes == Classes(8, 10));
  CHECK(open("acdc", folder / "official", "val").size() == 1);
  write("arranged", "train", "n1");
  CHECK(open("acdc", folder / "arranged").size() == 1);
}

TEST_CASE("of Dark Zurich the night images only") {
  const Folder folder;
  for (const std::string time : {"day", "night"})
    write_image(folder / ("dz/rgb_anon/train/" + time + "/GOPR1/" + time + "_rgb_anon.png"));
  DatasetOptions options;
  apply_layout("dark_zurich", folder / "dz", "train", LabelFiles::none, options);
  const Dataset dataset(options);
  REQUIRE(dataset.size() == 1);
  CHECK(dataset.name(0) == "GOPR1/night");
}

TEST_CASE("convert writes the official files, once, and they are read instead") {
  const Folder folder;
  write_synthia(folder / "synthia");
  CHECK(convert_labels("synthia", folder / "synthia", "train") == 1);
  const fs::path converted = folder / "synthia/GT/LABELS/0000000_labelTrainIds.png";
  const Image image = read_image(converted);
  CHECK(image.channels == 1);
  CHECK(Classes(image.pixels.begin(), image.pixels.end()) == synthia_classes);
  CHECK(convert_labels("synthia", folder / "synthia", "train") == 0);
  const Dataset dataset = open("synthia", folder / "synthia");
  CHECK(dataset.label_file(0) == converted);
  CHECK(dataset.section(0)->labels.classes == synthia_classes);

  write_cityscapes(folder / "cs");
  CHECK(convert_labels("cityscapes", folder / "cs", "train") == 2);
  CHECK(fs::exists(folder / "cs/gtFine/train/ulm/ulm_000001_000019_gtFine_labelTrainIds.png"));
}

TEST_CASE("what is wrong with a data set is one line") {
  const Folder folder;
  CHECK(error_of([&] {
          open("synthia", folder / "none");
        }).find("RGB: no such folder; layout 'synthia' has images in RGB and labels in GT/LABELS") !=
        std::string::npos);
  CHECK(error_of([&] { open("kitti", folder / "none"); }).find("cityscapes, dark_zurich, gta, synthia") !=
        std::string::npos);
  write_cityscapes(folder / "cs");
  CHECK(error_of([&] {
          open("cityscapes", folder / "cs", "val");
        }).find("no folder 'val' in it, there is train") != std::string::npos);
  // A label of a class that is not in the table.
  write_synthia(folder / "synthia");
  write_ids(folder / "synthia/GT/LABELS/0000000_labelTrainIds.png", {0, 1, 2, 3, 19, 0, 0, 0});
  const std::string message = error_of([&] { open("synthia", folder / "synthia").section(0); });
  for (const char* part : {"0000000_labelTrainIds.png", "value 19 at row 1, column 0", "masktwins convert"}) {
    CAPTURE(part);
    CHECK(message.find(part) != std::string::npos);
  }
  // Grey labels where those of SYNTHIA should be.
  write_ids(folder / "grey/GT/LABELS/0.png", Classes(8, 3));
  write_image(folder / "grey/RGB/0.png");
  CHECK(error_of([&] { open("synthia", folder / "grey").section(0); }).find("is grey") != std::string::npos);
}

TEST_CASE("class tables are complete") {
  for (const char* name : {"cityscapes", "camvid"}) {
    const ClassTable& table = class_table(name);
    CHECK(table.colors.size() == table.names.size());
    CHECK(std::set(table.colors.begin(), table.colors.end()).size() == table.colors.size());
  }
  CHECK(class_table("cityscapes").label_ids.size() == 19);
  CHECK(class_table("cityscapes").groups[0].classes.size() == 16);
  CHECK(class_table("cityscapes").groups[1].classes.size() == 13);
  CHECK(class_table("camvid").size() == 11);
}
