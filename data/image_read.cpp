#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include "data/file.h"
#include "data/image.h"
#include "data/palette_png.h"
#include "data/tiff.h"
#include "tensor/check.h"

#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_ONLY_TGA
#define STBI_NO_STDIO
#include <stb_image.h>

namespace masktwins::data {
namespace {

namespace fs = std::filesystem;

// Bytes for stb_image that remember when more were asked for than there are: the decoders of BMP, TGA and
// JPEG would fill the rest of a file that was cut off with grey or black and report success.
class ByteSource {
 public:
  explicit ByteSource(std::string_view bytes) : bytes_(bytes) {}

  bool ran_out() const { return ran_out_; }
  void rewind() { position_ = 0, ran_out_ = false; }

  static stbi_io_callbacks callbacks() {
    return {
        [](void* self, char* to, int count) { return static_cast<ByteSource*>(self)->read(to, count); },
        [](void* self, int count) { static_cast<ByteSource*>(self)->skip(count); },
        [](void* self) { return static_cast<ByteSource*>(self)->at_end() ? 1 : 0; },
    };
  }

 private:
  bool at_end() const { return position_ == bytes_.size(); }
  int read(char* to, int count) {
    const std::size_t available = std::min(static_cast<std::size_t>(count), bytes_.size() - position_);
    std::memcpy(to, bytes_.data() + position_, available);
    position_ += available;
    ran_out_ = ran_out_ || (available == 0 && count > 0);
    return static_cast<int>(available);
  }
  // A negative count steps back.
  void skip(int count) {
    const int64_t target = static_cast<int64_t>(position_) + count;
    ran_out_ = ran_out_ || target > static_cast<int64_t>(bytes_.size());
    position_ = static_cast<std::size_t>(std::clamp<int64_t>(target, 0, static_cast<int64_t>(bytes_.size())));
  }

  std::string_view bytes_;
  std::size_t position_ = 0;
  bool ran_out_ = false;
};

void require_pixels(const fs::path& file, int64_t width, int64_t height) {
  require(width > 0 && height > 0, file.string(), ": the image has no pixels");
  require(height <= max_pixels / width, file.string(), ": ", width, "x", height,
          " pixels, more than the limit of ", max_pixels, "; cut it into smaller images");
}

Header decode_header(const fs::path& file, std::string_view bytes) {
  // Of a PNG too large for it, stb_image only says that it is of no known kind.
  if (const auto size = png_size(bytes)) require_pixels(file, size->width, size->height);
  ByteSource source(bytes);
  const stbi_io_callbacks callbacks = ByteSource::callbacks();
  int width = 0, height = 0, components = 0;
  require(stbi_info_from_callbacks(&callbacks, &source, &width, &height, &components) != 0, file.string(),
          ": not a readable PNG, JPEG, BMP, TGA or TIFF image");
  require_pixels(file, width, height);
  return {components >= 3 ? 3 : 1, height, width};
}

struct FreePixels {
  void operator()(void* pixels) const { stbi_image_free(pixels); }
};

template <class T>
std::vector<float> to_floats(const void* pixels, std::size_t count) {
  const T* values = static_cast<const T*>(pixels);
  return {values, values + count};
}

// A PNG, JPEG, BMP or TGA; `file` appears in errors.
Image decode(const fs::path& file, std::string_view bytes) {
  const Header header = decode_header(file, bytes);
  ByteSource source(bytes);
  const stbi_io_callbacks callbacks = ByteSource::callbacks();
  const bool wide = stbi_is_16_bit_from_callbacks(&callbacks, &source) != 0;
  source.rewind();
  int width = 0, height = 0, components = 0;
  const int wanted = static_cast<int>(header.channels);
  const std::unique_ptr<void, FreePixels> pixels(
      wide ? static_cast<void*>(
                 stbi_load_16_from_callbacks(&callbacks, &source, &width, &height, &components, wanted))
           : static_cast<void*>(
                 stbi_load_from_callbacks(&callbacks, &source, &width, &height, &components, wanted)));
  require(!source.ran_out(), file.string(), ": the image is cut off; copy it again");
  require(pixels != nullptr, file.string(), ": the image is damaged (", stbi_failure_reason(),
          "); copy or download it again, or remove it");
  require(width == header.width && height == header.height, file.string(), ": the image is damaged");
  const auto count = static_cast<std::size_t>(header.channels * header.height * header.width);
  Image image{header.channels, header.height, header.width, {}, wide ? 65535.0f : 255.0f};
  image.pixels = wide ? to_floats<uint16_t>(pixels.get(), count) : to_floats<uint8_t>(pixels.get(), count);
  return image;
}

Image read(const fs::path& file, int64_t section, Meaning meaning) {
  if (looks_like_tiff(read_file(file, 4))) return read_tiff(file, section, meaning);
  const std::string bytes = read_file(file);
  require(section == 0, file.string(), ": holds one section, but section ", section, " was asked for");
  const auto indices = meaning == Meaning::labels ? palette_indices_as_grey(bytes) : std::nullopt;
  if (!indices) return decode(file, bytes);
  Image image = decode(file, indices->bytes);
  for (float& value : image.pixels) value = std::round(value / indices->scale);
  return image;
}

// What stands at the end of every file that begins so; empty where a format has no such mark.
std::string_view end_mark(std::string_view first_bytes) {
  if (png_size(first_bytes)) return "IEND";
  return first_bytes.starts_with("\xff\xd8") ? "\xff\xd9" : "";  // JPEG
}

// A file that was cut off has no end mark. One that seems to have none is decoded, which gives the right
// error, and none for files that programs append something to.
void check_end(const fs::path& file, std::string_view first_bytes) {
  constexpr std::uintmax_t near_the_end = 4096;
  const std::string_view mark = end_mark(first_bytes);
  if (read_file_end(file, near_the_end).find(mark) == std::string::npos) read(file, 0, Meaning::colors);
}

}  // namespace

std::vector<Header> read_headers(const fs::path& file) {
  // A PNG says its size in its first bytes, a JPEG perhaps after a large colour profile.
  constexpr std::uintmax_t short_start = 4096, long_start = 1 << 20;
  std::string bytes = read_file(file, short_start);
  if (looks_like_tiff(bytes)) return read_tiff_headers(file);
  if (!png_size(bytes)) bytes = read_file(file, long_start);
  const Header header = decode_header(file, bytes);
  check_end(file, bytes);
  return {header};
}

Image read_image(const fs::path& file, int64_t section) { return read(file, section, Meaning::colors); }

Image read_label_image(const fs::path& file, int64_t section) { return read(file, section, Meaning::labels); }

}  // namespace masktwins::data
