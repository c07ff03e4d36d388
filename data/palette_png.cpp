#include "data/palette_png.h"

namespace masktwins::data {
namespace {

// Layout of a PNG (ISO 15948): a signature, then chunks of length, type, data and checksum; the first is IHDR
// with width, height, bit depth and colour type.
constexpr std::string_view signature = "\x89PNG\r\n\x1a\n";
constexpr std::size_t width_at = 16, height_at = 20, depth_at = 24, color_type_at = 25, chunk_overhead = 12;
constexpr char palette_type = 3, grey_type = 0;

uint32_t big_endian(std::string_view bytes) {
  uint32_t value = 0;
  for (const char byte : bytes.substr(0, 4)) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

bool is_grey(std::string_view palette) {
  for (std::size_t i = 0; i + 2 < palette.size(); i += 3)
    if (palette[i] != palette[i + 1] || palette[i] != palette[i + 2]) return false;
  return true;
}

float scale_of(int depth) { return depth < 8 ? 255.0f / static_cast<float>((1 << depth) - 1) : 1.0f; }

}  // namespace

std::optional<PngSize> png_size(std::string_view png) {
  if (!png.starts_with(signature) || png.size() < depth_at) return {};
  return PngSize{big_endian(png.substr(width_at)), big_endian(png.substr(height_at))};
}

std::optional<GreyPng> palette_indices_as_grey(std::string_view png) {
  if (!png.starts_with(signature) || png.size() <= color_type_at || png[color_type_at] != palette_type)
    return {};
  GreyPng grey{std::string(signature), scale_of(png[depth_at])};
  std::size_t at = signature.size();
  while (at + chunk_overhead <= png.size()) {
    const std::size_t data_bytes = big_endian(png.substr(at));
    const std::string_view type = png.substr(at + 4, 4);
    if (data_bytes > png.size() - at - chunk_overhead) break;  // cut off: the decoder will say so
    if (type == "PLTE" && is_grey(png.substr(at + 8, data_bytes))) return {};
    // Rows of both kinds have the same bytes and filters; only the palette and its transparency must go.
    if (type != "PLTE" && type != "tRNS") grey.bytes += png.substr(at, data_bytes + chunk_overhead);
    at += data_bytes + chunk_overhead;
  }
  grey.bytes += png.substr(at);
  // The header's checksum is now wrong; stb_image does not look at it.
  if (grey.bytes.size() > color_type_at) grey.bytes[color_type_at] = grey_type;
  return grey;
}

}  // namespace masktwins::data
