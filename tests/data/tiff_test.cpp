// TIFF stacks: pages are sections, 8 and 16 bits, and files that are damaged.
#include "data/tiff.h"

#include <doctest/doctest.h>

#include "data/dataset.h"
#include "data/file.h"
#include "tests/data/folder.h"

#ifdef MASKTWINS_TIFF
#include <tiffio.h>
#endif

using namespace masktwins;
using namespace masktwins::data;
using masktwins::tests::error_of;
using masktwins::tests::Folder;

TEST_CASE("the first bytes tell a TIFF") {
  CHECK(looks_like_tiff(std::string_view("II*\0....", 8)));
  CHECK(looks_like_tiff(std::string_view("MM\0*....", 8)));
  CHECK(!looks_like_tiff("II"));
  CHECK(!looks_like_tiff("\x89PNG"));
}

#ifdef MASKTWINS_TIFF
namespace {

// `pages` pages; a pixel has value page * 50 + row * 5 + column (times 257 for 16 bits).
void write_stack(const std::filesystem::path& file, int pages, uint16_t bits, uint16_t samples = 1,
                 uint16_t photometric = PHOTOMETRIC_MINISBLACK, uint16_t compression = COMPRESSION_LZW) {
  constexpr uint32_t height = 6, width = 5;
  TIFF* tiff = TIFFOpen(file.c_str(), "w");
  REQUIRE(tiff != nullptr);
  for (int page = 0; page < pages; ++page) {
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, width);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, height);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, bits);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, samples);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, photometric);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, compression);
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, 2);
    for (uint32_t y = 0; y < height; ++y) {
      std::vector<uint8_t> row;
      for (uint32_t x = 0; x < width * samples; ++x)
        row.insert(row.end(), bits / 8, static_cast<uint8_t>(page * 50 + static_cast<int>(y * 5 + x)));
      TIFFWriteScanline(tiff, row.data(), y);
    }
    TIFFWriteDirectory(tiff);
  }
  TIFFClose(tiff);
}

}  // namespace

TEST_CASE("pages of 8 and 16 bits are read") {
  const Folder folder;
  for (const uint16_t bits : {uint16_t{8}, uint16_t{16}}) {
    write_stack(folder / "stack.tif", 3, bits);
    CHECK(read_headers(folder / "stack.tif").size() == 3);
    const Image image = read_image(folder / "stack.tif", 2);
    CHECK(image.height == 6);
    CHECK(image.width == 5);
    const float unit = bits == 8 ? 1 : 257;
    CHECK(image.white == 255 * unit);
    CHECK(image.at(3, 4)[0] == 119 * unit);
  }
  CHECK(error_of([&] { read_image(folder / "stack.tif", 3); }).find("no page 3") != std::string::npos);
}

TEST_CASE("RGB and inverted grey") {
  const Folder folder;
  write_stack(folder / "rgb.tif", 1, 8, 3, PHOTOMETRIC_RGB);
  const Image rgb = read_image(folder / "rgb.tif");
  CHECK(rgb.channels == 3);
  CHECK(rgb.at(1, 2)[1] == 12);
  write_stack(folder / "inverted.tif", 1, 8, 1, PHOTOMETRIC_MINISWHITE);
  CHECK(read_image(folder / "inverted.tif").at(1, 2)[0] == 248);
}

TEST_CASE("a stack is a dataset, its labels pair by page") {
  const Folder folder;
  write_stack(folder / "images.tif", 3, 16);
  write_stack(folder / "labels.tif", 3, 8);
  DatasetOptions options;
  options.images = {folder / "images.tif"};
  options.labels = {folder / "labels.tif"};
  options.label_values = LabelValues(2, {{100, 1}, {103, 1}}, 0);
  const Dataset dataset(options);
  REQUIRE(dataset.size() == 3);
  CHECK(dataset.name(2) == "images/002");
  CHECK(dataset.section(2)->labels.classes[3] == 1);
  CHECK(dataset.section(1)->labels.classes[3] == 0);
  write_stack(folder / "labels.tif", 2, 8);
  CHECK(error_of([&] { Dataset again(options); }).find("has 2 pages, its image has 3") != std::string::npos);
}

TEST_CASE("a stack cut off anywhere is an error, never a picture") {
  const Folder folder;
  write_stack(folder / "whole.tif", 2, 16, 1, PHOTOMETRIC_MINISBLACK, COMPRESSION_NONE);
  const std::string bytes = read_file(folder / "whole.tif");
  for (std::size_t part = 1; part < 16; ++part) {
    CAPTURE(part);
    write_file(folder / "part.tif", bytes.substr(0, bytes.size() * part / 16));
    const std::string message = error_of([&] {
      for (std::size_t page = 0; page < read_headers(folder / "part.tif").size(); ++page)
        read_image(folder / "part.tif", static_cast<int64_t>(page));
    });
    CHECK(message.find("part.tif") != std::string::npos);
  }
}

TEST_CASE("random damage ends in an image or an Error") {
  const Folder folder;
  write_stack(folder / "whole.tif", 2, 8);
  const std::string whole = read_file(folder / "whole.tif");
  uint32_t state = 5;
  const auto random = [&] { return state = state * 1664525u + 1013904223u, state >> 8; };
  for (int round = 0; round < 200; ++round) {
    std::string bytes = whole;
    for (int i = 0; i < 3; ++i) bytes[4 + random() % (bytes.size() - 4)] = static_cast<char>(random());
    write_file(folder / "fuzz.tif", bytes);
    const std::string message = error_of([&] {
      read_headers(folder / "fuzz.tif");
      const Image image = read_image(folder / "fuzz.tif", 1);
      CHECK(static_cast<int64_t>(image.pixels.size()) == image.channels * image.height * image.width);
    });
    CHECK((message.empty() || message.find("fuzz.tif") != std::string::npos));
  }
}

#else

TEST_CASE("without libtiff the error names the package") {
  CHECK(error_of([] { read_tiff("stack.tif", 0); }).find("libtiff-dev") != std::string::npos);
}

#endif
