#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>

#include "data/file.h"
#include "data/image.h"
#include "tensor/check.h"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#include <stb_image_write.h>

namespace masktwins::data {
namespace {

namespace fs = std::filesystem;

struct Free {
  void operator()(unsigned char* bytes) const { std::free(bytes); }
};

std::string encode_png(const std::vector<uint8_t>& bytes, int64_t height, int64_t width, int64_t channels) {
  int size = 0;
  const std::unique_ptr<unsigned char, Free> png(
      stbi_write_png_to_mem(bytes.data(), static_cast<int>(width * channels), static_cast<int>(width),
                            static_cast<int>(height), static_cast<int>(channels), &size));
  require(png != nullptr, "png: no memory for ", width, "x", height, " pixels");
  return {reinterpret_cast<const char*>(png.get()), static_cast<std::size_t>(size)};
}

void require_pixels(const fs::path& file, int64_t height, int64_t width) {
  require(height > 0 && width > 0 && height <= max_pixels / width, file.string(), ": cannot hold ", width,
          "x", height, " pixels");
}

uint8_t to_byte(float value) { return static_cast<uint8_t>(std::clamp(std::nearbyint(value), 0.0f, 255.0f)); }

// The checksum of a PNG chunk (ISO 3309, as in the PNG specification, annex D).
uint32_t crc32(std::string_view bytes) {
  uint32_t crc = 0xffffffffu;
  for (const char byte : bytes) {
    crc ^= static_cast<uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? 0xedb88320u : 0);
  }
  return ~crc;
}

}  // namespace

void write_png(const fs::path& file, const Image& image) {
  require_pixels(file, image.height, image.width);
  require(image.channels == 1 || image.channels == 3, file.string(), ": PNG needs 1 or 3 channels, got ",
          image.channels);
  std::vector<uint8_t> bytes(image.pixels.size());
  std::transform(image.pixels.begin(), image.pixels.end(), bytes.begin(), to_byte);
  write_file(file, encode_png(bytes, image.height, image.width, image.channels));
}

void write_png(const fs::path& file, const LabelMap& labels) {
  require_pixels(file, labels.height, labels.width);
  write_file(file, encode_png(labels.classes, labels.height, labels.width, 1));
}

void write_probability_png(const fs::path& file, int64_t height, int64_t width, const float* probabilities) {
  require_pixels(file, height, width);
  std::vector<uint8_t> bytes(static_cast<std::size_t>(2 * height * width));
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    const auto value = static_cast<uint32_t>(std::clamp(probabilities[i / 2], 0.0f, 1.0f) * 65535.0f + 0.5f);
    bytes[i] = static_cast<uint8_t>(value >> 8);
    bytes[i + 1] = static_cast<uint8_t>(value);
  }
  // stb writes 8 bits only. A 16-bit grey row has the bytes and the filters of an 8-bit row with two channels
  // (grey and alpha), so only the header differs: bit depth and colour type, bytes 24 and 25, and the
  // checksum of the header chunk, bytes 29 to 32, which covers bytes 12 to 28.
  std::string png = encode_png(bytes, height, width, 2);
  png[24] = 16;
  png[25] = 0;
  const uint32_t crc = crc32(std::string_view(png).substr(12, 17));
  for (std::size_t i = 0; i < 4; ++i) png[29 + i] = static_cast<char>(crc >> (24 - 8 * i));
  write_file(file, png);
}

}  // namespace masktwins::data
