// From the values of a label file to classes.
#include "data/label_values.h"

#include <doctest/doctest.h>

#include "tests/data/folder.h"

using namespace masktwins::data;
using masktwins::tests::error_of;

TEST_CASE("values become the classes they are mapped to") {
  const LabelValues values(2, {{0, 0}, {255, 1}, {128, 255}});
  const LabelMap labels = values.apply(Image{1, 2, 2, {0, 255, 128, 0}}, "a.png");
  CHECK(labels.height == 2);
  CHECK(labels.width == 2);
  CHECK(labels.classes == std::vector<uint8_t>{0, 1, ignore_class, 0});
}

TEST_CASE("without a map values are classes") {
  CHECK(LabelValues(11).apply(Image{1, 1, 3, {0, 10, 255}}, "a.png").classes ==
        std::vector<uint8_t>{0, 10, 255});
  CHECK(error_of([] { LabelValues(11).apply(Image{1, 1, 2, {0, 11}}, "a.png"); }) != "");
}

TEST_CASE("a grey label stored as RGB is accepted, a coloured one is not") {
  const LabelValues values(2, {{0, 0}, {255, 1}});
  CHECK(values.apply(Image{3, 1, 2, {255, 255, 255, 0, 0, 0}}, "a.png").classes ==
        std::vector<uint8_t>{1, 0});
  const std::string message = error_of([&] { values.apply(Image{3, 1, 2, {0, 0, 0, 255, 0, 0}}, "a.png"); });
  CHECK(message.find("a.png") == 0);
  CHECK(message.find("row 0, column 1") != std::string::npos);
}

TEST_CASE("an unknown value is named with file, place and key") {
  const LabelValues values(2, {{0, 0}, {255, 1}});
  const std::string message = error_of([&] { values.apply(Image{1, 2, 2, {0, 0, 7, 0}}, "b/00.png"); });
  for (const char* part :
       {"b/00.png", "value 7", "row 1, column 0", "data.label_values", "values: 0, 255)"}) {
    CAPTURE(part);
    CHECK(message.find(part) != std::string::npos);
  }
}

TEST_CASE("otherwise catches every other value, 16-bit instance numbers too") {
  const LabelValues values(2, {{0, 0}}, 1);
  CHECK(values.apply(Image{1, 1, 3, {0, 1, 65535}, 65535}, "a.tif").classes == std::vector<uint8_t>{0, 1, 1});
}

TEST_CASE("maps to classes that do not exist are refused") {
  CHECK(error_of([] { LabelValues(2, {{0, 2}}); }).find("class 2") != std::string::npos);
  CHECK(error_of([] { LabelValues(2, {{-1, 0}}); }).find("value -1") != std::string::npos);
  CHECK(error_of([] { LabelValues(2, {}, 9); }).find("class 9") != std::string::npos);
  CHECK(error_of([] { LabelValues(0); }) != "");
}
