// Drawing on RGB pictures: panels with captions on a white sheet.
#pragma once

#include <string>
#include <vector>

#include "data/image.h"

namespace masktwins {

using data::Color;

data::Image blank_picture(int64_t height, int64_t width, Color color);

// Copies `source` (grey or RGB) with its upper left corner at (row, column); what lies outside is cut off.
void paste(data::Image& picture, const data::Image& source, int64_t row, int64_t column);

// Height of a line of text, and width of `text`, in pixels.
constexpr int64_t text_height = 20;
int64_t text_width(const std::string& text);
// Printable ASCII; other characters become '?'.
void draw_text(data::Image& picture, const std::string& text, int64_t row, int64_t column, Color color);

// The picture enlarged or reduced by a whole factor, so that its longer side comes as close to `side` as it
// can without exceeding it (pictures of more than `side` pixels are averaged, smaller ones repeated).
data::Image scaled_to(const data::Image& picture, int64_t side);

struct Panel {
  std::string caption;
  data::Image picture;
};

// Rows of panels of at most `panel_side` pixels, a caption above each, under a title.
data::Image contact_sheet(const std::string& title, const std::vector<std::vector<Panel>>& rows,
                          int64_t panel_side = 256);

}  // namespace masktwins
