#include "data/tiff.h"

#include "tensor/check.h"

#ifdef MASKTWINS_TIFF
#include <tiffio.h>

#include <algorithm>
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
  int64_t samples = 1, bits = 8;
  bool zero_is_white = false;
  std::vector<Color> palette = {};            // empty: values stand for themselves
  int64_t block_width = 0, block_height = 0;  // of a tile, or a row
  int64_t block_row_bytes = 0, block_bytes = 0;
  bool tiled = false;
};

std::vector<Color> read_palette(TIFF* tiff, int64_t bits) {
  const uint16_t *red = nullptr, *green = nullptr, *blue = nullptr;
  std::vector<Color> palette;
  if (TIFFGetField(tiff, TIFFTAG_COLORMAP, &red, &green, &blue) == 0) return palette;
  const auto to_byte = [](uint16_t value) { return static_cast<uint8_t>(value >> 8); };
  for (int64_t i = 0; i < int64_t{1} << bits; ++i)
    palette.push_back({to_byte(red[i]), to_byte(green[i]), to_byte(blue[i])});
  return palette;
}

bool is_grey(const std::vector<Color>& palette) {
  return std::ranges::all_of(palette, [](const Color& c) { return c[0] == c[1] && c[1] == c[2]; });
}

// Describes the current page and checks that it can be read.
Page describe(TIFF* tiff, const fs::path& file, int64_t index) {
  const std::string where = concat_text(file.string(), ", page ", index);
  uint32_t width = 0, height = 0, tile_width = 0, tile_height = 0;
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
  const bool palette =
      samples == 1 && (bits == 1 || bits == 4 || bits == 8) && photometric == PHOTOMETRIC_PALETTE;
  const bool grey = (samples == 1 || samples == 2) && (bits == 1 || bits == 8 || bits == 16) &&
                    (photometric == PHOTOMETRIC_MINISBLACK || photometric == PHOTOMETRIC_MINISWHITE);
  const bool colour =
      (samples == 3 || samples == 4) && (bits == 8 || bits == 16) && photometric == PHOTOMETRIC_RGB;
  require(
      (palette || grey || colour) && format == SAMPLEFORMAT_UINT &&
          (samples == 1 || planes == PLANARCONFIG_CONTIG),
      where, ": ", samples, " channels of ", bits,
      " bits; expected unsigned grey with 1, 8 or 16 bits, RGB with 8 or 16 bits or a palette; convert it, "
      "for example in ImageJ");
  Page page{.header = {colour ? 3 : 1, height, width},
            .samples = samples,
            .bits = bits,
            .zero_is_white = photometric == PHOTOMETRIC_MINISWHITE,
            .block_width = width,
            .block_height = 1,
            .tiled = TIFFIsTiled(tiff) != 0};
  if (page.tiled) {
    TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &tile_width);
    TIFFGetField(tiff, TIFFTAG_TILELENGTH, &tile_height);
    page.block_width = tile_width, page.block_height = tile_height;
  }
  page.block_row_bytes =
      static_cast<int64_t>(page.tiled ? TIFFTileRowSize64(tiff) : TIFFScanlineSize64(tiff));
  page.block_bytes = page.block_row_bytes * page.block_height;
  require(page.block_width > 0 && page.block_height > 0 &&
              page.block_width * page.block_height <= max_pixels &&
              page.block_row_bytes == (page.block_width * samples * bits + 7) / 8,
          where, ": the header contradicts itself");
  if (palette) {
    page.palette = read_palette(tiff, bits);
    require(!page.palette.empty(), where, ": has no palette");
    if (!is_grey(page.palette)) page.header.channels = 3;
  }
  return page;
}

float value_at(const unsigned char* row, int64_t index, int64_t bits) {
  if (bits == 16) return reinterpret_cast<const uint16_t*>(row)[index];
  const int64_t per_byte = 8 / bits, shift = 8 - bits * (index % per_byte + 1);
  return static_cast<float>((row[index / per_byte] >> shift) & ((1 << bits) - 1));
}

// Writes `count` pixels of a row. What has less than 8 bits is spread over 0 to 255, as in PNG.
void unpack(const unsigned char* row, int64_t count, const Page& page, int64_t channels, float* to) {
  const float white = page.bits == 16 ? 65535.f : 255.f;
  const float factor = page.bits < 8 ? white / static_cast<float>((1 << page.bits) - 1) : 1;
  for (int64_t x = 0; x < count; ++x)
    for (int64_t c = 0; c < channels; ++c) {
      if (!page.palette.empty()) {
        const auto entry = static_cast<std::size_t>(value_at(row, x, page.bits));
        *to++ = page.palette[entry][static_cast<std::size_t>(c)];
      } else {
        const float value = factor * value_at(row, x * page.samples + c, page.bits);
        *to++ = page.zero_is_white ? white - value : value;
      }
    }
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

Image read_tiff(const fs::path& file, int64_t page, Meaning meaning) {
  const Handle tiff = open_tiff(file);
  require(page >= 0 && page <= 65535 && TIFFSetDirectory(tiff.get(), static_cast<tdir_t>(page)) != 0,
          file.string(), ": has no page ", page);
  Page info = describe(tiff.get(), file, page);
  const bool palette_labels = meaning == Meaning::labels && !info.palette.empty();
  if (palette_labels && info.header.channels == 3)
    for (std::size_t i = 0; i < info.palette.size(); ++i) info.palette[i].fill(static_cast<uint8_t>(i));
  const int64_t channels = palette_labels ? 1 : info.header.channels;
  Image image{channels, info.header.height, info.header.width, {}, info.bits == 16 ? 65535.f : 255.f};
  std::vector<unsigned char> block(static_cast<std::size_t>(info.block_bytes));
  for (int64_t top = 0; top < image.height; top += info.block_height) {
    const int64_t bottom = std::min(image.height, top + info.block_height);
    image.pixels.resize(
        static_cast<std::size_t>(bottom * image.width * channels));  // no more than the file holds
    for (int64_t left = 0; left < image.width; left += info.block_width) {
      const auto x = static_cast<uint32_t>(left), y = static_cast<uint32_t>(top);
      const bool good = info.tiled ? TIFFReadTile(tiff.get(), block.data(), x, y, 0, 0) >= 0
                                   : TIFFReadScanline(tiff.get(), block.data(), y) == 1;
      require(good, file.string(), ", page ", page, ": cut off or damaged at row ", top, " (", latest_message,
              ")");
      const int64_t count = std::min(info.block_width, image.width - left);
      for (int64_t row = top; row < bottom; ++row)
        unpack(block.data() + (row - top) * info.block_row_bytes, count, info, channels, image.at(row, left));
    }
  }
  return image;
}

#else

namespace {
[[noreturn]] void no_libtiff(const fs::path& file) {
  fail(file.string(), ": this build reads no TIFF; install the package libtiff-dev and build again");
}
}  // namespace

std::vector<Header> read_tiff_headers(const fs::path& file) { no_libtiff(file); }
Image read_tiff(const fs::path& file, int64_t, Meaning) { no_libtiff(file); }

#endif

}  // namespace masktwins::data
