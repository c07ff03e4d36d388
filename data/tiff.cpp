#include "data/tiff.h"

#include "tensor/check.h"

#ifdef MASKTWINS_TIFF
#include <tiffio.h>

#include <cstdarg>
#include <cstdio>
#include <memory>
#endif

namespace masktwins::data {

namespace fs = std::filesystem;

bool looks_like_tiff(std::string_view first_bytes) {
  const std::string_view magic = first_bytes.substr(0, 4);
  // Little and big endian; version 42, or 43 for files above 4 GiB.
  return magic == std::string_view("II*\0", 4) || magic == std::string_view("MM\0*", 4) ||
         magic == std::string_view("II+\0", 4) || magic == std::string_view("MM\0+", 4);
}

#ifdef MASKTWINS_TIFF
namespace {

// libtiff reports through a callback; the latest message goes into our own error.
thread_local std::string latest_message;

void keep_message(const char*, const char* format, va_list arguments) {
  char text[256];
  std::vsnprintf(text, sizeof text, format, arguments);
  latest_message = text;
}

struct Close {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
using Handle = std::unique_ptr<TIFF, Close>;

Handle open_tiff(const fs::path& file) {
  [[maybe_unused]] static const bool quiet = [] {
    TIFFSetErrorHandler(keep_message);
    TIFFSetWarningHandler(nullptr);
    return true;
  }();
  latest_message.clear();
  Handle tiff(TIFFOpen(file.c_str(), "r"));
  require(tiff != nullptr, file.string(), ": not a readable TIFF (", latest_message, ")");
  return tiff;
}

struct Page {
  Header header;
  uint16_t bits = 1;
  bool zero_is_white = false;
};

// Describes the current page and checks that it can be read.
Page describe(TIFF* tiff, const fs::path& file, int64_t index) {
  const std::string where = concat_text(file.string(), ", page ", index);
  uint32_t width = 0, height = 0;
  uint16_t samples = 1, bits = 1, format = SAMPLEFORMAT_UINT, photometric = PHOTOMETRIC_MINISBLACK;
  uint16_t planes = PLANARCONFIG_CONTIG;
  TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
  TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &format);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planes);
  TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric);
  require(width > 0 && height > 0, where, ": the image has no pixels");
  require(int64_t{width} * height <= max_pixels, where, ": ", width, "x", height,
          " pixels, more than the limit of ", max_pixels, "; cut it into smaller images");
  require(!TIFFIsTiled(tiff), where, ": stored in tiles; convert it with: tiffcp -s in.tif out.tif");
  const bool grey = samples == 1 && (bits == 8 || bits == 16) &&
                    (photometric == PHOTOMETRIC_MINISBLACK || photometric == PHOTOMETRIC_MINISWHITE);
  const bool colour = (samples == 3 || samples == 4) && bits == 8 && photometric == PHOTOMETRIC_RGB &&
                      planes == PLANARCONFIG_CONTIG;
  require((grey || colour) && format == SAMPLEFORMAT_UINT, where, ": ", samples, " channels of ", bits,
          " bits; expected unsigned grey with 8 or 16 bits or RGB with 8 bits");
  const auto row_bytes = static_cast<int64_t>(TIFFScanlineSize64(tiff));
  require(row_bytes == int64_t{width} * samples * bits / 8, where, ": the header contradicts itself");
  return {{colour ? 3 : 1, height, width}, bits, photometric == PHOTOMETRIC_MINISWHITE};
}

// Appends the first `channels` of every `samples` values of a row.
template <class T>
void append_row(const std::vector<unsigned char>& row, int64_t samples, Image& image) {
  const T* values = reinterpret_cast<const T*>(row.data());
  for (int64_t x = 0; x < image.width; ++x)
    for (int64_t c = 0; c < image.channels; ++c)
      image.pixels.push_back(static_cast<float>(values[x * samples + c]));
}

}  // namespace

std::vector<Header> read_tiff_headers(const fs::path& file) {
  const Handle tiff = open_tiff(file);
  std::vector<Header> headers;
  do {
    headers.push_back(describe(tiff.get(), file, static_cast<int64_t>(headers.size())).header);
  } while (TIFFReadDirectory(tiff.get()));
  require(latest_message.empty(), file.string(), ": cut off or damaged after page ", headers.size() - 1, " (",
          latest_message, ")");
  return headers;
}

Image read_tiff(const fs::path& file, int64_t page) {
  const Handle tiff = open_tiff(file);
  require(page >= 0 && page <= 65535 && TIFFSetDirectory(tiff.get(), static_cast<tdir_t>(page)) != 0,
          file.string(), ": has no page ", page);
  const Page info = describe(tiff.get(), file, page);
  Image image{
      info.header.channels, info.header.height, info.header.width, {}, info.bits == 8 ? 255.f : 65535.f};
  std::vector<unsigned char> row(static_cast<std::size_t>(TIFFScanlineSize64(tiff.get())));
  const int64_t samples = static_cast<int64_t>(row.size()) / (image.width * (info.bits / 8));
  for (int64_t y = 0; y < image.height; ++y) {
    require(TIFFReadScanline(tiff.get(), row.data(), static_cast<uint32_t>(y)) == 1, file.string(), ", page ",
            page, ": cut off or damaged at row ", y, " (", latest_message, ")");
    if (info.bits == 8) append_row<uint8_t>(row, samples, image);
    else append_row<uint16_t>(row, samples, image);
  }
  if (info.zero_is_white)
    for (float& value : image.pixels) value = image.white - value;
  return image;
}

#else

namespace {
[[noreturn]] void no_libtiff(const fs::path& file) {
  fail(file.string(), ": this build reads no TIFF; install the package libtiff-dev and build again");
}
}  // namespace

std::vector<Header> read_tiff_headers(const fs::path& file) { no_libtiff(file); }
Image read_tiff(const fs::path& file, int64_t) { no_libtiff(file); }

#endif

}  // namespace masktwins::data
