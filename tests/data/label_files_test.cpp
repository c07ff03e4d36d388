// Label files as the data sets publish them, see tests/reference/write_label_files.py.
#include <doctest/doctest.h>

#include "data/file.h"
#include "data/image.h"
#include "data/palette_png.h"
#include "tests/data/folder.h"

using namespace masktwins;
using namespace masktwins::data;
using masktwins::tests::error_of;
using masktwins::tests::Folder;

namespace {

using Values = std::vector<float>;

Image label_image(const std::string& name) {
  return read_label_image("tests/golden/labels/" + name + ".png");
}

}  // namespace

TEST_CASE("SYNTHIA: 16 bits, the class in red, the instance in green") {
  const Image image = label_image("synthia");
  REQUIRE(image.channels == 3);
  REQUIRE(image.height == 2);
  CHECK(image.white == 65535);
  CHECK(Values(image.pixels.begin(), image.pixels.begin() + 3) == Values{3, 0, 0});
  CHECK(Values(image.at(0, 3), image.at(0, 3) + 3) == Values{21, 258, 0});
  CHECK(Values(image.at(1, 0), image.at(1, 0) + 12) == Values{10, 1, 0, 0, 0, 0, 22, 4660, 0, 11, 65535, 0});
}

TEST_CASE("GTA5: of a palette the indices, although two of them have the same colour") {
  const Image image = label_image("gta");
  CHECK(image.channels == 1);
  CHECK(image.pixels == Values{7, 8, 26, 34, 0, 4, 33, 7});
  const Image colors = read_image("tests/golden/labels/gta.png");
  REQUIRE(colors.channels == 3);
  CHECK(Values(colors.at(0, 2), colors.at(0, 2) + 3) == Values(colors.at(0, 3), colors.at(0, 3) + 3));
}

TEST_CASE("palettes with few bits per index") {
  CHECK(label_image("palette_4_bits").pixels == Values{0, 1, 11, 10, 5});
  CHECK(label_image("palette_2_bits").pixels == Values{3, 2, 1, 0, 3});
  CHECK(label_image("palette_1_bit").pixels == Values{1, 0, 0, 1, 1, 1, 0, 0, 1});
}

TEST_CASE("a grey palette stands for its values, not for its indices") {
  const Image image = label_image("grey_palette");
  for (int64_t column = 0; column < 4; ++column)
    CHECK(image.at(0, column)[0] == (column == 1 || column == 2 ? 255.0f : 0.0f));
}

TEST_CASE("palette files cut off anywhere are an error, never a crash") {
  const Folder folder;
  const std::string bytes = read_file("tests/golden/labels/gta.png");
  // The end of the file holds no pixel: the last 12 bytes are IEND.
  for (std::size_t size = 1; size < bytes.size() - 12; ++size) {
    write_file(folder / "cut.png", bytes.substr(0, size));
    CAPTURE(size);
    CHECK(error_of([&] { read_label_image(folder / "cut.png"); }).find("cut.png") != std::string::npos);
  }
}

TEST_CASE("other files are read as they are") {
  const Folder folder;
  write_png(folder / "grey.png", LabelMap{1, 3, {0, 7, 255}});
  CHECK(read_label_image(folder / "grey.png").pixels == Values{0, 7, 255});
  CHECK(!palette_indices_as_grey("no PNG"));
  CHECK(!palette_indices_as_grey(read_file(folder / "grey.png")));
}
