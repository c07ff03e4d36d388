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

namespace {

// 40x37 pixels in tiles of 16x16; pixel (row, column) has value row * 5 + column.
void write_tiles(const std::filesystem::path& file) {
  TIFF* tiff = TIFFOpen(file.c_str(), "w");
  REQUIRE(tiff != nullptr);
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, 37);
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, 40);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 8);
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_LZW);
  TIFFSetField(tiff, TIFFTAG_TILEWIDTH, 16);
  TIFFSetField(tiff, TIFFTAG_TILELENGTH, 16);
  for (uint32_t top = 0; top < 40; top += 16)
    for (uint32_t left = 0; left < 37; left += 16) {
      std::vector<uint8_t> tile;
      for (uint32_t y = 0; y < 16; ++y)
        for (uint32_t x = 0; x < 16; ++x) tile.push_back(static_cast<uint8_t>((top + y) * 5 + left + x));
      TIFFWriteTile(tiff, tile.data(), left, top, 0, 0);
    }
  TIFFClose(tiff);
}

// One row of eight pixels; of a palette, entry i is (red[i], 0, i) * 257.
void write_row(const std::filesystem::path& file, uint16_t bits, uint16_t photometric,
               std::vector<uint8_t> row, const std::vector<uint16_t>& red = {}) {
  TIFF* tiff = TIFFOpen(file.c_str(), "w");
  REQUIRE(tiff != nullptr);
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, 8);
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, 1);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, bits);
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, photometric);
  std::vector<uint16_t> reds, greens, blues;
  for (std::size_t i = 0; i < std::size_t{1} << bits; ++i) {
    reds.push_back(static_cast<uint16_t>(257 * (i < red.size() ? red[i] : i)));
    greens.push_back(static_cast<uint16_t>(red.empty() ? 257 * i : 0));
    blues.push_back(static_cast<uint16_t>(257 * i));
  }
  if (photometric == PHOTOMETRIC_PALETTE)
    TIFFSetField(tiff, TIFFTAG_COLORMAP, reds.data(), greens.data(), blues.data());
  TIFFWriteScanline(tiff, row.data(), 0);
  TIFFClose(tiff);
}

}  // namespace

TEST_CASE("tiles are put together, those at the edges cut") {
  const Folder folder;
  write_tiles(folder / "tiles.tif");
  const Image image = read_image(folder / "tiles.tif");
  REQUIRE(image.pixels.size() == 40 * 37);
  for (int64_t y = 0; y < 40; ++y)
    for (int64_t x = 0; x < 37; ++x) REQUIRE(image.at(y, x)[0] == static_cast<float>(y * 5 + x));
  const std::string bytes = read_file(folder / "tiles.tif");
  for (std::size_t i = 8; i < bytes.size(); i += 7) {
    write_file(folder / "part.tif", bytes.substr(0, i));
    CHECK(error_of([&] { read_image(folder / "part.tif"); }).find("part.tif") != std::string::npos);
  }
}

TEST_CASE("one bit is black and white, as in a PNG") {
  const Folder folder;
  write_row(folder / "bits.tif", 1, PHOTOMETRIC_MINISBLACK, {0b10110001});
  CHECK(read_image(folder / "bits.tif").pixels == std::vector<float>{255, 0, 255, 255, 0, 0, 0, 255});
  CHECK(read_label_image(folder / "bits.tif").pixels == read_image(folder / "bits.tif").pixels);
  write_row(folder / "bits.tif", 1, PHOTOMETRIC_MINISWHITE, {0b10110001});
  CHECK(read_image(folder / "bits.tif").pixels == std::vector<float>{0, 255, 0, 0, 255, 255, 255, 0});
}

TEST_CASE("a palette gives an image its colours and a label its indices") {
  const Folder folder;
  write_row(folder / "palette.tif", 8, PHOTOMETRIC_PALETTE, {0, 1, 2, 3, 4, 5, 6, 7},
            {9, 8, 7, 6, 5, 4, 3, 2});
  const Image colours = read_image(folder / "palette.tif");
  CHECK(read_headers(folder / "palette.tif")[0].channels == 3);
  REQUIRE(colours.channels == 3);
  CHECK(colours.at(0, 3)[0] == 6);
  CHECK(colours.at(0, 3)[1] == 0);
  CHECK(colours.at(0, 3)[2] == 3);
  const Image labels = read_label_image(folder / "palette.tif");
  CHECK(labels.channels == 1);
  CHECK(labels.pixels == std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7});
  write_row(folder / "four.tif", 4, PHOTOMETRIC_PALETTE, {0x01, 0x23, 0x45, 0xf7}, {9, 8});
  CHECK(read_label_image(folder / "four.tif").pixels == std::vector<float>{0, 1, 2, 3, 4, 5, 15, 7});
  write_row(folder / "grey.tif", 8, PHOTOMETRIC_PALETTE, {0, 255, 2, 3, 4, 5, 6, 7});
  CHECK(read_image(folder / "grey.tif").channels == 1);
  CHECK(read_label_image(folder / "grey.tif").pixels == std::vector<float>{0, 255, 2, 3, 4, 5, 6, 7});
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
