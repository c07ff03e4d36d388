// Images and label maps in memory, and the files they come from and go to.
//
// Read: PNG, JPEG, BMP and TGA with 8 or 16 bits (through stb_image) and TIFF (data/tiff.h); the content of a
// file decides, not its name. A multi-page TIFF counts as one section per page, every other file as one.
// Every reader throws Error with one line naming the file when it is missing, empty, cut off, not an image,
// or larger than max_pixels.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace masktwins::data {

using Color = std::array<uint8_t, 3>;  // red, green, blue

// Pixel values as stored in the file: 0 to `white`.
struct Image {
  int64_t channels = 0;  // 1 grey, 3 RGB
  int64_t height = 0, width = 0;
  std::vector<float> pixels;  // (height, width, channels), channel fastest
  float white = 255;          // the largest value the file's format can hold: 255 or 65535

  float* at(int64_t row, int64_t column) { return pixels.data() + (row * width + column) * channels; }
  const float* at(int64_t row, int64_t column) const {
    return pixels.data() + (row * width + column) * channels;
  }
};

// A pixel with this class counts in no loss and no metric.
constexpr uint8_t ignore_class = 255;

struct LabelMap {
  int64_t height = 0, width = 0;
  std::vector<uint8_t> classes;  // (height, width)
};

// What a file says of a section before its pixels are decoded.
struct Header {
  int64_t channels = 0, height = 0, width = 0;
};

// More pixels than this in one section are taken for a broken file.
constexpr int64_t max_pixels = int64_t{1} << 28;

// A palette with colours gives the colours, or, to labels, the indices.
enum class Meaning { colors, labels };

// One header per section of the file. Looks at the file's beginning and end alone, so that thousands of files
// are looked at in a second or two; a PNG or JPEG that was cut off is an Error all the same.
std::vector<Header> read_headers(const std::filesystem::path& file);
// A section of the file: grey or RGB, transparency dropped.
Image read_image(const std::filesystem::path& file, int64_t section = 0);
// The same for a file of labels.
Image read_label_image(const std::filesystem::path& file, int64_t section = 0);

// Writers are atomic. Values are rounded and clamped to [0, 255].
void write_png(const std::filesystem::path& file, const Image& image);
void write_png(const std::filesystem::path& file, const LabelMap& labels);
// Probabilities in [0, 1] as 16-bit grey, 65535 being 1: finer than 8 bits, and readable without libtiff.
void write_probability_png(const std::filesystem::path& file, int64_t height, int64_t width,
                           const float* probabilities);

}  // namespace masktwins::data
