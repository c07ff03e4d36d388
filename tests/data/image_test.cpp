// Readers and writers of image files, above all with files that are not what they should be.
#include "data/image.h"

#include <doctest/doctest.h>

#include <stb_image_write.h>

#include <cmath>

#include "data/file.h"
#include "tensor/check.h"
#include "tests/data/folder.h"

using namespace masktwins;
using namespace masktwins::data;
using masktwins::tests::error_of;
using masktwins::tests::Folder;

namespace {

// Every pixel differs from its neighbours, so that a swap of axes or channels shows.
Image pattern(int64_t channels, int64_t height, int64_t width) {
  Image image{channels, height, width, {}, 255};
  for (int64_t i = 0; i < channels * height * width; ++i)
    image.pixels.push_back(static_cast<float>((i * 37 + i / 7 * 11) % 256));
  return image;
}

std::string little_endian(uint32_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

// An uncompressed 24-bit bitmap, grey value 10 * row + column; rows go from bottom to top.
std::string bitmap(uint32_t width, uint32_t height) {
  const uint32_t row_bytes = (3 * width + 3) / 4 * 4;
  std::string text = "BM" + little_endian(54 + row_bytes * height, 4) + little_endian(0, 4) +
                     little_endian(54, 4) + little_endian(40, 4) + little_endian(width, 4) +
                     little_endian(height, 4) + little_endian(1, 2) + little_endian(24, 2) +
                     std::string(24, '\0');
  for (uint32_t row = height; row-- > 0;) {
    std::string line;
    for (uint32_t column = 0; column < width; ++column)
      line += std::string(3, static_cast<char>(10 * row + column));
    text += line + std::string(row_bytes - line.size(), '\0');
  }
  return text;
}

}  // namespace

TEST_CASE("a PNG comes back as it was written, grey and RGB") {
  const Folder folder;
  for (const int64_t channels : {1, 3}) {
    const Image image = pattern(channels, 13, 29);
    write_png(folder / "image.png", image);
    const Image read = read_image(folder / "image.png");
    CHECK(read.channels == channels);
    CHECK(read.height == 13);
    CHECK(read.width == 29);
    CHECK(read.white == 255);
    CHECK(read.pixels == image.pixels);
    const std::vector<Header> headers = read_headers(folder / "image.png");
    REQUIRE(headers.size() == 1);
    CHECK(headers[0].channels == channels);
    CHECK(headers[0].height == 13);
    CHECK(headers[0].width == 29);
  }
}

TEST_CASE("values are rounded and clamped to bytes") {
  const Folder folder;
  write_png(folder / "image.png", Image{1, 1, 4, {-3, 0.6f, 254.7f, 999}});
  CHECK(read_image(folder / "image.png").pixels == std::vector<float>{0, 1, 255, 255});
}

TEST_CASE("probabilities keep 16 bits") {
  const Folder folder;
  const std::vector<float> probabilities{0, 0.25f, 1.0f / 65535, 0.5f, 1, 7};
  write_probability_png(folder / "p.png", 2, 3, probabilities.data());
  const Image read = read_image(folder / "p.png");
  CHECK(read.channels == 1);
  CHECK(read.white == 65535);
  CHECK(read.pixels == std::vector<float>{0, 16384, 1, 32768, 65535, 65535});
}

TEST_CASE("a bitmap is read, and noticed when it is cut off") {
  const Folder folder;
  // Rows of 5 pixels end in a padding byte, rows of 12 do not.
  for (const uint32_t width : {5u, 12u}) {
    const std::string bytes = bitmap(width, 9);
    write_file(folder / "image.bmp", bytes);
    const Image read = read_image(folder / "image.bmp");
    CHECK(read.channels == 3);
    CHECK(read.at(2, 4)[1] == 24);
    for (const std::size_t missing : {1, 20, 100}) {
      CAPTURE(missing);
      write_file(folder / "image.bmp", bytes.substr(0, bytes.size() - missing));
      CHECK(error_of([&] { read_image(folder / "image.bmp"); }).find("cut off") != std::string::npos);
    }
  }
}

TEST_CASE("a JPEG is read, and noticed when it is cut off anywhere") {
  const Folder folder;
  std::string bytes;
  const std::vector<uint8_t> grey(40 * 24, 90);
  stbi_write_jpg_to_func(
      [](void* text, void* data, int size) {
        static_cast<std::string*>(text)->append(static_cast<const char*>(data),
                                                static_cast<std::size_t>(size));
      },
      &bytes, 40, 24, 1, grey.data(), 95);
  write_file(folder / "image.jpg", bytes);
  const Image read = read_image(folder / "image.jpg");
  CHECK(read.height == 24);
  CHECK(read.width == 40);
  CHECK(std::abs(read.pixels[500] - 90) <= 2);
  for (std::size_t part = 1; part < 16; ++part) {
    CAPTURE(part);
    write_file(folder / "part.jpg", bytes.substr(0, bytes.size() * part / 16));
    CHECK(error_of([&] { read_image(folder / "part.jpg"); }).find("part.jpg") != std::string::npos);
    CHECK(error_of([&] { read_headers(folder / "part.jpg"); }).find("part.jpg") != std::string::npos);
  }
}

TEST_CASE("a file cut off is known by its header and end, one with something appended is none") {
  const Folder folder;
  Image noise = pattern(3, 90, 90);
  uint32_t state = 1;
  for (float& value : noise.pixels) value = static_cast<float>((state = state * 1664525 + 1013904223) >> 24);
  write_png(folder / "image.png", noise);
  const std::string bytes = read_file(folder / "image.png");
  REQUIRE(bytes.size() > 8192);
  for (const std::size_t kept : {bytes.size() / 2, bytes.size() - 1000, bytes.size() - 10}) {
    CAPTURE(kept);
    write_file(folder / "part.png", bytes.substr(0, kept));
    CHECK(error_of([&] { read_headers(folder / "part.png"); }).find("part.png: the image is ") !=
          std::string::npos);
  }
  write_file(folder / "image.png", bytes + std::string(9000, 'x'));
  CHECK(read_headers(folder / "image.png")[0].width == 90);
}

TEST_CASE("files that are no image give one line that names them") {
  const Folder folder;
  const auto check_error = [&](const std::string& name, const std::string& expected) {
    CAPTURE(name);
    for (const std::string& message :
         {error_of([&] { read_image(folder / name); }), error_of([&] { read_headers(folder / name); })}) {
      CAPTURE(message);
      CHECK(message.find((folder / name).string()) != std::string::npos);
      CHECK(message.find(expected) != std::string::npos);
      CHECK(message.find('\n') == std::string::npos);
    }
  };
  check_error("missing.png", "no such file");
  std::filesystem::create_directory(folder / "folder.png");
  check_error("folder.png", "is a folder");
  write_file(folder / "empty.png", "");
  check_error("empty.png", "empty");
  write_file(folder / "text.png", "These are not the pixels you are looking for.");
  check_error("text.png", "not a readable");
  check_error(".", "is a folder");
}

TEST_CASE("an absurd size is refused before anything is decoded") {
  const Folder folder;
  std::string bytes = bitmap(5, 3);
  bytes.replace(18, 8, little_endian(60000, 4) + little_endian(60000, 4));
  write_file(folder / "large.bmp", bytes);
  CHECK(error_of([&] { read_image(folder / "large.bmp"); }).find("60000x60000") != std::string::npos);
  write_png(folder / "large.png", pattern(1, 3, 5));
  bytes = read_file(folder / "large.png");
  bytes.replace(16, 8, std::string("\0\0\xea\x60\0\0\xea\x60", 8));
  write_file(folder / "large.png", bytes);
  CHECK(error_of([&] { read_headers(folder / "large.png"); }).find("60000x60000") != std::string::npos);
}

TEST_CASE("a PNG cut off anywhere is an error, never a picture") {
  const Folder folder;
  write_png(folder / "whole.png", pattern(3, 40, 40));
  const std::string bytes = read_file(folder / "whole.png");
  for (std::size_t part = 1; part < 16; ++part) {
    CAPTURE(part);
    write_file(folder / "part.png", bytes.substr(0, bytes.size() * part / 16));
    CHECK(error_of([&] { read_image(folder / "part.png"); }).find("part.png") != std::string::npos);
  }
}

TEST_CASE("random bytes, alone and inside real files, end in an image or an Error") {
  const Folder folder;
  write_png(folder / "whole.png", pattern(1, 24, 24));
  const std::string png = read_file(folder / "whole.png"), bmp = bitmap(9, 9);
  uint32_t state = 1;
  const auto random = [&] { return state = state * 1664525u + 1013904223u, state >> 8; };
  for (int round = 0; round < 300; ++round) {
    std::string bytes = round % 3 == 0 ? png : round % 3 == 1 ? bmp : std::string(200, '\0');
    const std::size_t changes = round % 3 == 2 ? bytes.size() : 3;
    for (std::size_t i = 0; i < changes; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    write_file(folder / "fuzz.png", bytes);
    try {
      const Image image = read_image(folder / "fuzz.png");
      CHECK(static_cast<int64_t>(image.pixels.size()) == image.channels * image.height * image.width);
    } catch (const Error& error) {
      CHECK(std::string(error.what()).find("fuzz.png") != std::string::npos);
    }
  }
}

TEST_CASE("writing into a folder that cannot exist is an error and leaves nothing behind") {
  const Folder folder;
  write_file(folder / "file", "x");
  CHECK(error_of([&] { write_file(folder / "file" / "inside.png", "y"); }).find("cannot be written") !=
        std::string::npos);
  CHECK(read_file(folder / "file") == "x");
  CHECK(std::distance(std::filesystem::directory_iterator(folder / "."), {}) == 1);
}
