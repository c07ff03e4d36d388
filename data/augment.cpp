#include "data/augment.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "data/blur.h"
#include "tensor/check.h"

namespace masktwins::data {
namespace {

using Matrix = std::array<double, 4>;  // row-major, rows and columns as in Warp

Matrix operator*(const Matrix& a, const Matrix& b) {
  return {a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3],  //
          a[2] * b[0] + a[3] * b[2], a[2] * b[1] + a[3] * b[3]};
}

Matrix draw_flip(Draws& draws) {
  switch (draws.below(3)) {
    case 0: return {-1, 0, 0, 1};
    case 1: return {1, 0, 0, -1};
    default: return {-1, 0, 0, -1};
  }
}

Matrix rotation(double radians) {
  return {std::cos(radians), -std::sin(radians), std::sin(radians), std::cos(radians)};
}

// Uniform on a logarithmic scale in [1 / factor, factor].
double draw_factor(double factor, Draws& draws) { return std::exp(draws.uniform(-1, 1) * std::log(factor)); }

// albumentations moves three corners of a square by up to 50 pixels each and fits the affine map; an entry of
// its matrix then changes by the difference of two uniform numbers.
Matrix draw_affine(double strength, Draws& draws) {
  Matrix matrix{1, 0, 0, 1};
  for (double& entry : matrix) entry += strength * (draws.uniform() - draws.uniform());
  return matrix;
}

DisplacementGrid draw_displacement(double pixels, double spacing, int64_t size, Draws& draws) {
  if (pixels <= 0) return {};
  DisplacementGrid grid;
  grid.spacing = spacing;
  grid.per_side = static_cast<int64_t>(static_cast<double>(size) / spacing) + 4;
  for (int64_t i = 0; i < grid.per_side * grid.per_side; ++i)
    grid.nodes.push_back({draws.uniform(-pixels, pixels), draws.uniform(-pixels, pixels)});
  return grid;
}

// The linear part and the displacement; the maps go from the crop back to the section.
void draw_geometry(const AugmentOptions& options, Warp& warp, Draws& draws) {
  // Without it nothing is drawn, so that it changes no draw of the microscopy pipeline.
  if (options.mirror > 0 && draws.chance(options.mirror)) warp.matrix = Matrix{1, 0, 0, -1} * warp.matrix;
  if (draws.chance(options.flip)) warp.matrix = draw_flip(draws) * warp.matrix;
  if (draws.chance(options.transpose)) warp.matrix = Matrix{0, 1, 1, 0} * warp.matrix;
  if (draws.chance(options.rotate)) {
    const double degrees = draws.uniform(-options.rotate_degrees, options.rotate_degrees);
    warp.matrix = rotation(degrees * std::numbers::pi / 180) * warp.matrix;
  }
  if (draws.chance(options.resize)) {
    const double shrink = draw_factor(options.resize_factor, draws);
    warp.matrix = Matrix{shrink, 0, 0, shrink} * warp.matrix;
  }
  if (draws.chance(options.elastic)) {
    warp.matrix = draw_affine(options.elastic_affine, draws) * warp.matrix;
    warp.displacement = draw_displacement(options.elastic_pixels, options.elastic_spacing, warp.size, draws);
  }
}

// The centre of something that reaches `half` to both sides, a whole number of pixels from the border.
double draw_centre(double half, int64_t size, Draws& draws) {
  const double room = std::floor(static_cast<double>(size) - 2 * half);
  if (room < 0) return half + std::floor(room / 2);
  return half + static_cast<double>(draws.below(static_cast<int64_t>(room) + 1));
}

template <class Formula>
void change_each(Image& image, Formula&& formula) {
  for (float& value : image.pixels) value = std::clamp(formula(value), 0.0f, 1.0f);
}

void draw_intensities(const AugmentOptions& options, Image& image, Draws& draws) {
  if (draws.chance(options.brightness_contrast)) {
    const auto added = static_cast<float>(draws.uniform(-options.brightness, options.brightness));
    const auto factor = static_cast<float>(1 + draws.uniform(-options.contrast, options.contrast));
    change_each(image, [&](float value) { return factor * value + added; });
  }
  if (draws.chance(options.gamma)) {
    const auto exponent = static_cast<float>(draw_factor(options.gamma_factor, draws));
    change_each(image, [&](float value) { return std::pow(value, exponent); });
  }
  if (draws.chance(options.motion_blur)) {
    const int64_t lengths = (static_cast<int64_t>(options.motion_blur_pixels) - 1) / 2;
    motion_blur(image, 3 + 2 * draws.below(lengths), draws.uniform(0, std::numbers::pi));
  }
  if (draws.chance(options.gaussian_blur))
    gaussian_blur(image, draws.uniform(0, options.gaussian_blur_sigma));
  if (draws.chance(options.noise)) {
    const double deviation = draws.uniform(0, options.noise_deviation);
    change_each(image, [&](float value) { return value + static_cast<float>(deviation * draws.normal()); });
  }
}

constexpr int64_t class_share_tries = 10;

// Of the labelled pixels; 1 if there are none.
double largest_class_share(const LabelMap& labels) {
  std::array<int64_t, 256> counts{};
  for (const uint8_t label : labels.classes) ++counts[label];
  counts[ignore_class] = 0;
  const auto labelled = std::accumulate(counts.begin(), counts.end(), int64_t{0});
  if (labelled == 0) return 1;
  return static_cast<double>(*std::max_element(counts.begin(), counts.end())) / static_cast<double>(labelled);
}

Border border_of(const AugmentOptions& options) {
  require(options.border == "mirror" || options.border == "zero",
          "augment.border: must be \"mirror\" or \"zero\", got \"", options.border, "\"");
  return options.border == "zero" ? Border::zero : Border::mirror;
}

void check_range(const char* key, double value, double low, double high) {
  require(value >= low && value <= high, "augment.", key, ": must be in [", low, ", ", high, "], got ",
          value);
}

}  // namespace

void check(const AugmentOptions& options) {
  const std::pair<const char*, double> probabilities[] = {
      {"probability", options.probability},
      {"mirror", options.mirror},
      {"flip", options.flip},
      {"transpose", options.transpose},
      {"rotate", options.rotate},
      {"resize", options.resize},
      {"elastic", options.elastic},
      {"brightness_contrast", options.brightness_contrast},
      {"gamma", options.gamma},
      {"motion_blur", options.motion_blur},
      {"gaussian_blur", options.gaussian_blur},
      {"noise", options.noise},
      {"class_share_limit", options.class_share_limit},
  };
  for (const auto& [key, value] : probabilities) check_range(key, value, 0, 1);
  check_range("rotate_degrees", options.rotate_degrees, 0, 180);
  check_range("resize_factor", options.resize_factor, 1, 8);
  // Beyond this a crop could be turned inside out.
  check_range("elastic_affine", options.elastic_affine, 0, 0.45);
  check_range("elastic_pixels", options.elastic_pixels, 0, 256);
  check_range("elastic_spacing", options.elastic_spacing, 4, 4096);
  check_range("brightness", options.brightness, 0, 1);
  check_range("contrast", options.contrast, 0, 1);
  check_range("gamma_factor", options.gamma_factor, 1, 8);
  check_range("motion_blur_pixels", options.motion_blur_pixels, 3, 99);
  check_range("gaussian_blur_sigma", options.gaussian_blur_sigma, 0, 32);
  check_range("noise_deviation", options.noise_deviation, 0, 1);
  border_of(options);
}

AugmentOptions geometry_only(AugmentOptions options) {
  options.brightness_contrast = options.gamma = 0;
  options.motion_blur = options.gaussian_blur = options.noise = 0;
  return options;
}

AugmentOptions street_augmentation() {
  AugmentOptions options;
  options.probability = 1;
  options.mirror = 0.5;
  options.flip = options.transpose = options.rotate = options.resize = options.elastic = 0;
  options.brightness_contrast = options.motion_blur = 0;
  options.class_share_limit = 0.75;
  options.border = "zero";
  return options;
}

Placement draw_placement(const AugmentOptions& options, int64_t size, const Section& section, Draws& draws) {
  Placement placement;
  Warp& warp = placement.warp;
  warp.size = size;
  warp.border = border_of(options);
  placement.augmented = draws.chance(options.probability);
  if (placement.augmented) draw_geometry(options, warp, draws);
  const Point half = reach(warp);
  for (int64_t attempt = 0; attempt <= class_share_tries; ++attempt) {
    warp.centre = {draw_centre(half.row, section.image.height, draws),
                   draw_centre(half.column, section.image.width, draws)};
    placement.labels = crop_labels(section, warp);
    if (!section.labelled() || options.class_share_limit >= 1) break;
    if (largest_class_share(placement.labels) < options.class_share_limit) break;
  }
  return placement;
}

Image draw_image(const AugmentOptions& options, const Section& section, const Placement& placement,
                 Draws& draws) {
  Image image = crop_image(section, placement.warp);
  if (placement.augmented) draw_intensities(options, image, draws);
  return image;
}

}  // namespace masktwins::data
