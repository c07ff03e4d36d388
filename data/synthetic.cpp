#include "data/synthetic.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "data/blur.h"
#include "data/synthetic/noise.h"
#include "data/synthetic/organelles.h"
#include "tensor/check.h"

namespace masktwins::data {
namespace {

constexpr uint32_t synthetic_site = 0xda7a0002u;

// Brightness of the cytoplasm of each cell with its grain, and the dark glia.
Image draw_cytoplasm(const CellPlan& plan, const SyntheticStyle& style, Draws& draws) {
  const Image grain = smooth_noise(plan.size, style.texture_period * style.scale, draws);
  const Image patches = smooth_noise(plan.size, 40 * style.scale, draws);
  std::vector<double> brightness{style.glia};
  for (int32_t cell = 1; cell < plan.cells; ++cell)
    brightness.push_back(style.cytoplasm + style.cell_variation * draws.normal());
  Image image{1, plan.size, plan.size, {}, 1};
  for (std::size_t i = 0; i < plan.cell.size(); ++i) {
    // Dark grains on a pale ground: ribosomes and filaments.
    const double dark = std::max(0.0f, grain.pixels[i] - 0.3f);
    image.pixels.push_back(static_cast<float>(brightness[static_cast<std::size_t>(plan.cell[i])] -
                                              2.5 * style.texture * dark + 0.03 * patches.pixels[i] +
                                              0.3 * style.texture));
  }
  return image;
}

// Dark lines between the cells; where a membrane is cut at an angle it is wider and paler.
void draw_membranes(const CellPlan& plan, const SyntheticStyle& style, Image& image, Draws& draws) {
  const Image tilt = smooth_noise(plan.size, 30 * style.scale, draws);
  for (std::size_t i = 0; i < plan.cell.size(); ++i) {
    const double wider = std::max(0.0f, tilt.pixels[i] - 0.6f);
    const double width = style.scale * style.membrane_width * (1 + 1.2 * wider);
    const double distance = plan.to_membrane[i] / width;
    const double share = std::exp(-distance * distance) / (1 + 0.5 * wider);
    image.pixels[i] += static_cast<float>(share * (style.membrane - image.pixels[i]));
  }
}

// What the microscope adds.
void expose(Image& image, const SyntheticStyle& style, Draws& draws) {
  gaussian_blur(image, style.blur);
  const Image shading = smooth_noise(image.height, 150 * style.scale, draws);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    const double value = image.pixels[i] + style.noise * draws.normal() + style.shading * shading.pixels[i];
    image.pixels[i] =
        static_cast<float>(std::clamp(std::nearbyint(255 * (style.gain * value + style.offset)), 0.0, 255.0));
  }
  image.white = 255;
}

void write_sections(const std::filesystem::path& folder, SyntheticDomain domain,
                    const SyntheticOptions& options, int64_t first, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    SyntheticSection section = draw_section(domain, options.seed, first + i, options.size);
    for (uint8_t& label : section.labels.classes) label = label == 1 ? 255 : 0;
    char name[32];
    std::snprintf(name, sizeof name, "%03d.png", static_cast<int>(i));
    write_png(folder / "images" / name, section.image);
    write_png(folder / "labels" / name, section.labels);
  }
}

}  // namespace

SyntheticStyle style_of(SyntheticDomain domain) {
  SyntheticStyle style;
  if (domain == SyntheticDomain::source) return style;
  style.scale = 1.4;
  style.cytoplasm = 0.62;
  style.cell_variation = 0.09;
  style.glia = 0.5;
  style.texture = 0.06;
  style.texture_period = 4.5;
  style.membrane = 0.25;
  style.membrane_width = 2.6;
  style.matrix = 0.44;
  style.cristae = 0.08;
  style.cristae_period = 5;
  style.envelope = 0.3;
  style.mitochondrion_radius = 13;
  style.elongation = 2.2;
  style.lysosomes = 5;
  style.lysosome_pale = 0.3;
  style.vesicle_clouds = 10;
  style.vesicle = 0.3;
  style.blur = 1.5;
  style.noise = 0.05;
  style.shading = 0.05;
  style.gain = 0.75;
  style.offset = 0.1;
  return style;
}

SyntheticSection draw_section(SyntheticDomain domain, uint32_t seed, int64_t index, int64_t size) {
  require(size >= 32 && size <= 8192, "synthetic: the size must be in [32, 8192], got ", size);
  const SyntheticStyle style = style_of(domain);
  Draws draws({seed, synthetic_site}, static_cast<uint64_t>(index), static_cast<uint32_t>(domain));
  const CellPlan plan = draw_cells(size, style.scale, draws);
  const auto pixels = static_cast<std::size_t>(size * size);
  Canvas canvas{plan,
                style,
                draw_cytoplasm(plan, style, draws),
                {size, size, std::vector<uint8_t>(pixels, 0)},
                std::vector<uint8_t>(pixels, 0)};
  draw_membranes(plan, style, canvas.image, draws);
  draw_mitochondria(canvas, draws);
  draw_lysosomes(canvas, draws);
  draw_vacuoles(canvas, draws);
  draw_reticula(canvas, draws);
  draw_vesicles(canvas, draws);
  expose(canvas.image, style, draws);
  return {std::move(canvas.image), std::move(canvas.labels)};
}

void write_synthetic(const std::filesystem::path& folder, const SyntheticOptions& options) {
  require(options.source_sections >= 1 && options.target_sections >= 1 && options.test_sections >= 1,
          "synthetic: every set needs at least one section");
  write_sections(folder / "source", SyntheticDomain::source, options, 0, options.source_sections);
  write_sections(folder / "target", SyntheticDomain::target, options, 0, options.target_sections);
  // After the target sections, so that no test section is trained on.
  write_sections(folder / "test", SyntheticDomain::target, options, options.target_sections,
                 options.test_sections);
}

}  // namespace masktwins::data
