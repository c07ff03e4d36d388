// Label files that are palette PNGs (GTA5, Pascal VOC): each pixel is an index, and the palette only says how
// to show it. stb_image gives the colours, among which different indices may look the same, so the index is
// read by presenting the file to it as a grey one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace masktwins::data {

struct PngSize {
  int64_t width = 0, height = 0;
};

// What the header of a PNG says; nothing if this is none.
std::optional<PngSize> png_size(std::string_view png);

struct GreyPng {
  std::string bytes;
  float scale;  // the decoder returns index * scale: it stretches 1, 2 and 4 bits to [0, 255]
};

// Nothing if `png` is no palette PNG, or one whose palette is grey: an optimiser of file sizes made that from
// grey values, and they, not the indices, are meant.
std::optional<GreyPng> palette_indices_as_grey(std::string_view png);

}  // namespace masktwins::data
