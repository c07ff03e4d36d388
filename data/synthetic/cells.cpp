#include "data/synthetic/cells.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "data/synthetic/noise.h"

namespace masktwins::data {
namespace {

// An ellipse-like region: distance() is negative inside, zero near its outline.
struct Seed {
  double row, column, radius;
  double along_row, along_column;  // unit vector of the long axis
  double stretch;                  // long over short axis

  double distance(double y, double x) const {
    const double dy = y - row, dx = x - column;
    const double along = (dy * along_row + dx * along_column) / stretch;
    const double across = dy * along_column - dx * along_row;
    return std::sqrt(along * along + across * across) - radius;
  }
};

// Room that cells leave is glia from this distance on.
constexpr double gap = 3;
constexpr int64_t tile = 32;

std::vector<Seed> draw_seeds(int64_t size, double scale, Draws& draws) {
  struct Tier {
    double smallest, largest;
    int tries_per_kilopixel;
  };
  std::vector<Seed> seeds;
  const double margin = 60 * scale, side = static_cast<double>(size) + 2 * margin;
  const double kilopixels = side * side / (1000 * scale * scale);
  for (const Tier& tier : {Tier{45, 80, 1}, Tier{22, 42, 4}, Tier{6, 18, 25}})
    for (int64_t i = 0; i < static_cast<int64_t>(kilopixels * tier.tries_per_kilopixel); ++i) {
      const double angle = draws.uniform(0, std::numbers::pi);
      const Seed seed{draws.uniform(-margin, side - margin),
                      draws.uniform(-margin, side - margin),
                      scale * draws.uniform(tier.smallest, tier.largest),
                      std::cos(angle),
                      std::sin(angle),
                      draws.uniform(1, 2)};
      const bool free = std::all_of(seeds.begin(), seeds.end(), [&](const Seed& other) {
        return other.distance(seed.row, seed.column) > 0.65 * seed.radius;
      });
      if (free) seeds.push_back(seed);
    }
  return seeds;
}

// The seeds that can be nearest or second nearest somewhere in a tile.
std::vector<int32_t> candidates(const std::vector<Seed>& seeds, double row, double column, double reach) {
  std::vector<double> distances;
  for (const Seed& seed : seeds) distances.push_back(seed.distance(row, column));
  std::vector<double> sorted = distances;
  std::nth_element(sorted.begin(), sorted.begin() + 1, sorted.end());
  std::vector<int32_t> chosen;
  for (std::size_t i = 0; i < seeds.size(); ++i)
    if (distances[i] <= sorted[1] + 2 * reach) chosen.push_back(static_cast<int32_t>(i));
  return chosen;
}

}  // namespace

CellPlan draw_cells(int64_t size, double scale, Draws& draws) {
  const std::vector<Seed> seeds = draw_seeds(size, scale, draws);
  // Bending the coordinates bends every outline.
  const Image bend_row = smooth_noise(size, 45 * scale, draws),
              bend_column = smooth_noise(size, 45 * scale, draws);
  const Image fine_row = smooth_noise(size, 14 * scale, draws),
              fine_column = smooth_noise(size, 14 * scale, draws);
  CellPlan plan;
  plan.size = size;
  plan.cells = static_cast<int32_t>(seeds.size()) + 1;
  plan.cell.resize(static_cast<std::size_t>(size * size));
  plan.to_membrane.resize(plan.cell.size());
  const double largest_bend = 60 * scale;
  const double reach = static_cast<double>(tile) * 0.75 + largest_bend;
  for (int64_t top = 0; top < size; top += tile)
    for (int64_t left = 0; left < size; left += tile) {
      const std::vector<int32_t> near =
          candidates(seeds, static_cast<double>(top) + tile / 2, static_cast<double>(left) + tile / 2, reach);
      for (int64_t row = top; row < std::min(top + tile, size); ++row)
        for (int64_t column = left; column < std::min(left + tile, size); ++column) {
          const std::size_t i = plan.index(row, column);
          const double bent_row =
              static_cast<double>(row) + scale * (12 * bend_row.pixels[i] + 3 * fine_row.pixels[i]);
          const double bent_column =
              static_cast<double>(column) + scale * (12 * bend_column.pixels[i] + 3 * fine_column.pixels[i]);
          double best = gap * scale, second = best;
          int32_t owner = 0;
          for (const int32_t candidate : near) {
            const double distance =
                seeds[static_cast<std::size_t>(candidate)].distance(bent_row, bent_column);
            if (distance < best) second = best, best = distance, owner = candidate + 1;
            else second = std::min(second, distance);
          }
          plan.cell[i] = owner;
          // Between two cells both distances change, towards glia only one.
          const bool beside_glia = owner == 0 || second == gap * scale;
          plan.to_membrane[i] = static_cast<float>((second - best) / (beside_glia ? 1 : 2));
        }
    }
  return plan;
}

}  // namespace masktwins::data
