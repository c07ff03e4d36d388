#include "data/synthetic/organelles.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "data/synthetic/noise.h"
#include "data/synthetic/tube.h"

namespace masktwins::data {
namespace {

constexpr int placing_tries = 30;

// Moves a pixel towards a brightness; share 1 replaces it.
void blend(float& pixel, double brightness, double share) {
  pixel += static_cast<float>(std::clamp(share, 0.0, 1.0)) * (static_cast<float>(brightness) - pixel);
}

// 1 on a line, falling to 0 within about `width`.
double line(double distance, double width) { return std::exp(-(distance * distance) / (width * width)); }

// How many of a kind with so many per 512 x 512 source pixels.
int64_t number(const Canvas& canvas, double density) {
  const double side = static_cast<double>(canvas.plan.size) / (512 * canvas.style.scale);
  return std::max<int64_t>(1, std::llround(density * side * side));
}

Point draw_point(const Canvas& canvas, Draws& draws) {
  const auto size = static_cast<double>(canvas.plan.size);
  return {draws.uniform(0, size), draws.uniform(0, size)};
}

// Draws shapes until one fits, smaller each time; paint(tube) is called for it and its room is taken.
template <class Paint>
void place_tube(Canvas& canvas, double radius, double length, double waviness, double margin, Draws& draws,
                Paint&& paint) {
  for (int i = 0; i < placing_tries; ++i) {
    const double shrink = 1 - 0.015 * i;
    const Tube tube(draw_point(canvas, draws), radius * shrink, length * shrink, waviness, draws);
    if (!tube.fits(canvas.plan, canvas.taken, margin)) continue;
    paint(tube);
    tube.for_each_pixel(canvas.plan.size, margin, [&](int64_t row, int64_t column, const Tube::Place&) {
      canvas.taken[canvas.plan.index(row, column)] = 1;
    });
    return;
  }
}

struct MitochondrionTexture {
  double angle;     // of the stripes to the spine's start, for blobs without a direction of their own
  double strength;  // of the stripes
  double matrix;    // brightness
  double phase;
};

void paint_mitochondrion(Canvas& canvas, const Tube& tube, const MitochondrionTexture& texture,
                         const Image& ripple, const Image& fade) {
  const SyntheticStyle& style = canvas.style;
  const double scale = style.scale;
  tube.for_each_pixel(canvas.plan.size, 2 * scale, [&](int64_t row, int64_t column, Tube::Place place) {
    const std::size_t i = canvas.plan.index(row, column);
    float& pixel = canvas.image.pixels[i];
    const double depth = place.depth / scale;
    if (depth > 0) {
      canvas.labels.classes[i] = 1;
      const double oblique = std::sin(texture.angle) * static_cast<double>(row) / scale +
                             std::cos(texture.angle) * place.along / scale;
      const double wave = std::sin(
          2 * std::numbers::pi * (oblique + 1.6 * ripple.pixels[i]) / style.cristae_period + texture.phase);
      // Cristae are thin and sharp, fade in places and keep off the envelope.
      const double sharp = std::tanh(1.8 * wave);
      const double inside = std::clamp((depth - 3) / 2, 0.0, 1.0);
      const double present = std::clamp(0.55 + 0.6 * fade.pixels[i], 0.0, 1.0);
      const double value = texture.matrix + texture.strength * sharp * inside * present;
      blend(pixel, value + 0.25 * (pixel - style.cytoplasm), depth);
      // The inner membrane, with a pale gap to the outer one.
      blend(pixel, style.matrix + 0.1, 0.6 * line(depth - 2.6, 0.9));
      blend(pixel, style.envelope, 0.7 * line(depth - 4.2, 0.9));
    }
    blend(pixel, style.envelope, line(depth - 0.6, 1.4));
  });
}

void paint_vesicle(Canvas& canvas, Point centre, double radius, Draws& draws) {
  const SyntheticStyle& style = canvas.style;
  const Tube ring(centre, radius, 0, 0.1, draws);
  if (!ring.fits(canvas.plan, canvas.taken, 0.5 * style.scale)) return;
  ring.for_each_pixel(canvas.plan.size, style.scale, [&](int64_t row, int64_t column, Tube::Place place) {
    float& pixel = canvas.image.pixels[canvas.plan.index(row, column)];
    blend(pixel, style.vesicle, 0.85 * line(place.depth / style.scale - 0.5, 1.1));
  });
}

}  // namespace

void draw_mitochondria(Canvas& canvas, Draws& draws) {
  const SyntheticStyle& style = canvas.style;
  const int64_t size = canvas.plan.size;
  const Image ripple = smooth_noise(size, 9 * style.scale, draws);
  const Image fade = smooth_noise(size, 12 * style.scale, draws);
  for (int64_t i = number(canvas, style.mitochondria); i > 0; --i) {
    const double radius = style.scale * style.mitochondrion_radius * draws.uniform(0.65, 1.5);
    const double length = radius * style.elongation * draws.uniform(0, 2);
    const MitochondrionTexture texture{
        draws.chance(0.6) ? 0 : draws.uniform(0, std::numbers::pi), style.cristae * draws.uniform(0.5, 1.3),
        style.matrix + 0.04 * draws.normal(), draws.uniform(0, 2 * std::numbers::pi)};
    place_tube(canvas, radius, length, 0.1, 3 * style.scale, draws,
               [&](const Tube& tube) { paint_mitochondrion(canvas, tube, texture, ripple, fade); });
  }
}

void draw_lysosomes(Canvas& canvas, Draws& draws) {
  const SyntheticStyle& style = canvas.style;
  for (int64_t i = number(canvas, style.lysosomes); i > 0; --i) {
    const double radius = style.scale * draws.uniform(4, 15);
    const double brightness = draws.uniform(style.lysosome_dark, style.lysosome_pale);
    place_tube(canvas, radius, radius * draws.uniform(0, 1), 0.15, 2 * style.scale, draws,
               [&](const Tube& tube) {
                 tube.for_each_pixel(canvas.plan.size, 2 * style.scale,
                                     [&](int64_t row, int64_t column, Tube::Place place) {
                                       float& pixel = canvas.image.pixels[canvas.plan.index(row, column)];
                                       blend(pixel, brightness + 0.4 * (pixel - style.cytoplasm),
                                             0.5 + place.depth / (2 * style.scale));
                                     });
               });
  }
}

void draw_vacuoles(Canvas& canvas, Draws& draws) {
  const SyntheticStyle& style = canvas.style;
  for (int64_t i = number(canvas, style.vacuoles); i > 0; --i) {
    const double radius = style.scale * draws.uniform(5, 15);
    const bool double_membrane = draws.chance(0.3);
    place_tube(canvas, radius, radius * draws.uniform(0, 1.5), 0.15, 2 * style.scale, draws,
               [&](const Tube& tube) {
                 tube.for_each_pixel(
                     canvas.plan.size, 2 * style.scale, [&](int64_t row, int64_t column, Tube::Place place) {
                       float& pixel = canvas.image.pixels[canvas.plan.index(row, column)];
                       const double depth = place.depth / style.scale;
                       blend(pixel, style.cytoplasm + 0.1 + 0.3 * (pixel - style.cytoplasm), depth);
                       blend(pixel, style.membrane + 0.1, line(depth, 1.3));
                       if (double_membrane) blend(pixel, style.membrane + 0.1, line(depth - 4, 1.2));
                     });
               });
  }
}

void draw_reticula(Canvas& canvas, Draws& draws) {
  const SyntheticStyle& style = canvas.style;
  for (int64_t i = number(canvas, style.reticula); i > 0; --i) {
    const double radius = style.scale * draws.uniform(2.2, 3.2);
    place_tube(canvas, radius, style.scale * draws.uniform(14, 45), 0, style.scale, draws,
               [&](const Tube& tube) {
                 tube.for_each_pixel(
                     canvas.plan.size, 2 * style.scale, [&](int64_t row, int64_t column, Tube::Place place) {
                       float& pixel = canvas.image.pixels[canvas.plan.index(row, column)];
                       blend(pixel, style.membrane + 0.12, 0.8 * line(place.depth / style.scale, 1.1));
                     });
               });
  }
}

void draw_vesicles(Canvas& canvas, Draws& draws) {
  const SyntheticStyle& style = canvas.style;
  for (int64_t i = number(canvas, style.lone_vesicles); i > 0; --i)
    paint_vesicle(canvas, draw_point(canvas, draws), style.scale * draws.uniform(2, 4.5), draws);
  for (int64_t i = number(canvas, style.vesicle_clouds); i > 0; --i) {
    const Point centre = draw_point(canvas, draws);
    const double spread = style.scale * draws.uniform(14, 32);
    const auto members = static_cast<int64_t>(spread * spread / (style.scale * style.scale * 14));
    for (int64_t k = 0; k < members; ++k) {
      const Point member{centre.row + spread * draws.normal() * 0.7,
                         centre.column + spread * draws.normal() * 0.7};
      paint_vesicle(canvas, member, style.scale * draws.uniform(2.2, 3.2), draws);
    }
  }
}

}  // namespace masktwins::data
