#include "masktwins/canvas.h"

#include <stb_easy_font.h>

#include <algorithm>
#include <cmath>

#include "tensor/check.h"

namespace masktwins {
namespace {

using data::Image;

constexpr Color paper = {255, 255, 255}, ink = {40, 40, 40};
constexpr int64_t margin = 16, gap = 12;
constexpr int64_t font_scale = 2;

std::string printable(std::string text) {
  for (char& character : text)
    if (character < 32 || character > 126) character = '?';
  return text;
}

void fill_pixel(Image& picture, int64_t row, int64_t column, Color color) {
  if (row < 0 || row >= picture.height || column < 0 || column >= picture.width) return;
  std::copy(color.begin(), color.end(), picture.at(row, column));
}

// A corner of the rectangles in which stb_easy_font describes letters.
struct Corner {
  float x, y, z;
  uint8_t color[4];
};

Image reduced(const Image& picture, int64_t factor) {
  Image result;
  result.channels = picture.channels;
  result.height = picture.height / factor;
  result.width = picture.width / factor;
  result.pixels.resize(static_cast<std::size_t>(result.height * result.width * result.channels));
  const float share = 1 / static_cast<float>(factor * factor);
  for (int64_t row = 0; row < result.height * factor; ++row)
    for (int64_t column = 0; column < result.width * factor; ++column)
      for (int64_t channel = 0; channel < picture.channels; ++channel)
        result.at(row / factor, column / factor)[channel] += share * picture.at(row, column)[channel];
  return result;
}

Image enlarged(const Image& picture, int64_t factor) {
  Image result = picture;
  result.height *= factor;
  result.width *= factor;
  result.pixels.resize(static_cast<std::size_t>(result.height * result.width * result.channels));
  for (int64_t row = 0; row < result.height; ++row)
    for (int64_t column = 0; column < result.width; ++column)
      std::copy_n(picture.at(row / factor, column / factor), picture.channels, result.at(row, column));
  return result;
}

}  // namespace

Image blank_picture(int64_t height, int64_t width, Color color) {
  Image picture;
  picture.channels = 3;
  picture.height = height;
  picture.width = width;
  picture.pixels.resize(static_cast<std::size_t>(3 * height * width));
  for (std::size_t i = 0; i < picture.pixels.size(); ++i) picture.pixels[i] = color[i % 3];
  return picture;
}

void paste(Image& picture, const Image& source, int64_t row, int64_t column) {
  for (int64_t y = std::max<int64_t>(0, -row); y < std::min(source.height, picture.height - row); ++y)
    for (int64_t x = std::max<int64_t>(0, -column); x < std::min(source.width, picture.width - column); ++x)
      for (int64_t channel = 0; channel < 3; ++channel)
        picture.at(row + y, column + x)[channel] = source.at(y, x)[source.channels == 3 ? channel : 0];
}

int64_t text_width(const std::string& text) {
  std::string copy = printable(text);
  return font_scale * stb_easy_font_width(copy.data());
}

void draw_text(Image& picture, const std::string& text, int64_t row, int64_t column, Color color) {
  std::string copy = printable(text);
  std::vector<Corner> corners(copy.size() * 64);  // no letter needs more than 16 rectangles
  const int rectangles = stb_easy_font_print(0, 0, copy.data(), nullptr, corners.data(),
                                             static_cast<int>(corners.size() * sizeof(Corner)));
  const auto pixels = [](float value) { return static_cast<int64_t>(std::lround(value)) * font_scale; };
  for (std::size_t i = 0; i < static_cast<std::size_t>(rectangles); ++i) {
    const Corner &first = corners[4 * i], &opposite = corners[4 * i + 2];
    for (int64_t y = pixels(first.y); y < pixels(opposite.y); ++y)
      for (int64_t x = pixels(first.x); x < pixels(opposite.x); ++x)
        fill_pixel(picture, row + y, column + x, color);
  }
}

Image scaled_to(const Image& picture, int64_t side) {
  const int64_t longer = std::max(picture.height, picture.width);
  require(longer > 0 && side > 0, "picture: cannot scale ", picture.width, "x", picture.height, " pixels to ",
          side);
  if (longer <= side) return enlarged(picture, side / longer);
  const int64_t factor = std::min({(longer + side - 1) / side, picture.height, picture.width});
  return reduced(picture, factor);
}

Image contact_sheet(const std::string& title, const std::vector<std::vector<Panel>>& rows,
                    int64_t panel_side) {
  struct Placed {
    int64_t row, column;
    const std::string& caption;
    Image picture;
  };
  std::vector<Placed> panels;
  int64_t width = text_width(title), top = margin + text_height + gap;
  for (const std::vector<Panel>& row : rows) {
    int64_t left = margin, tallest = 0;
    for (const Panel& panel : row) {
      panels.push_back({top, left, panel.caption, scaled_to(panel.picture, panel_side)});
      const Image& picture = panels.back().picture;
      left += std::max(picture.width, text_width(panel.caption)) + gap;
      tallest = std::max(tallest, picture.height);
    }
    width = std::max(width, left - gap - margin);
    top += text_height + tallest + gap;
  }
  Image sheet = blank_picture(top - gap + margin, width + 2 * margin, paper);
  draw_text(sheet, title, margin, margin, ink);
  for (const Placed& panel : panels) {
    draw_text(sheet, panel.caption, panel.row, panel.column, ink);
    paste(sheet, panel.picture, panel.row + text_height, panel.column);
  }
  return sheet;
}

}  // namespace masktwins
