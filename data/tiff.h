// TIFF pages through libtiff: grey with 1, 8 or 16 bits, RGB with 8 or 16 bits and palettes, in strips or
// tiles, in any compression that libtiff knows. A build without libtiff (package libtiff-dev) answers with an
// Error that says so.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "data/image.h"

namespace masktwins::data {

// Do the first bytes of a file belong to a TIFF?
bool looks_like_tiff(std::string_view first_bytes);

std::vector<Header> read_tiff_headers(const std::filesystem::path& file);
Image read_tiff(const std::filesystem::path& file, int64_t page, Meaning meaning = Meaning::colors);

}  // namespace masktwins::data
