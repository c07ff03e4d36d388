// A warp is 32 lanes, and a set of lanes is a word with one bit per lane.
#pragma once

#include <bit>
#include <cstdint>

namespace masktwins::emulator {

constexpr int warp_size = 32;
using Mask = uint32_t;
constexpr Mask all_lanes = ~Mask{0};

constexpr bool contains(Mask lanes, int lane) { return (lanes >> lane & 1u) != 0; }
constexpr int count(Mask lanes) { return std::popcount(lanes); }
constexpr int first(Mask lanes) { return std::countr_zero(lanes); }

// for_each_lane(mask, [&](int lane) { ... });
template <class Body>
void for_each_lane(Mask lanes, Body&& body) {
  for (; lanes != 0; lanes &= lanes - 1) body(first(lanes));
}

}  // namespace masktwins::emulator
