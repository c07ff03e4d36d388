// What lies in the cells of a synthetic section: mitochondria, the only labelled class, and things that
// resemble them in one respect each (dark, round, striped, double membrane).
#pragma once

#include "data/draws.h"
#include "data/image.h"
#include "data/synthetic/cells.h"
#include "data/synthetic/style.h"

namespace masktwins::data {

// A section in the making.
struct Canvas {
  const CellPlan& plan;
  const SyntheticStyle& style;
  Image image;                 // grey, 0 black to 1 white
  LabelMap labels;             // 1 = mitochondrion
  std::vector<uint8_t> taken;  // pixels that an organelle occupies
};

// In this order: each takes its room from what the ones before have left.
void draw_mitochondria(Canvas& canvas, Draws& draws);
void draw_lysosomes(Canvas& canvas, Draws& draws);
void draw_vacuoles(Canvas& canvas, Draws& draws);
void draw_reticula(Canvas& canvas, Draws& draws);
void draw_vesicles(Canvas& canvas, Draws& draws);

}  // namespace masktwins::data
