#include "kernels/emulator/memory/traffic.h"

#include <algorithm>

namespace masktwins::emulator {
namespace {

constexpr uint64_t sector_bytes = 32, bank_bytes = 4, banks = 32;

// The addresses of these lanes, ascending, each once.
struct Distinct {
  Distinct(const LaneAddresses& addresses, Mask lanes) {
    for_each_lane(lanes, [&](int lane) { values[size++] = addresses[static_cast<std::size_t>(lane)]; });
    std::sort(values.begin(), values.begin() + size);
    size = static_cast<int>(std::unique(values.begin(), values.begin() + size) - values.begin());
  }
  std::array<uint64_t, warp_size> values;
  int size = 0;
};

// Bytes that at least one lane asked for; lanes may overlap.
int64_t distinct_bytes(const Distinct& addresses, int bytes) {
  uint64_t end = 0;
  int64_t total = 0;
  for (int i = 0; i < addresses.size; ++i) {
    const uint64_t begin = std::max(addresses.values[static_cast<std::size_t>(i)], end);
    end = addresses.values[static_cast<std::size_t>(i)] + static_cast<uint64_t>(bytes);
    total += static_cast<int64_t>(end - begin);
  }
  return total;
}

}  // namespace

Traffic global_traffic(const LaneAddresses& addresses, int bytes, Mask lanes) {
  const Distinct distinct(addresses, lanes);
  Traffic traffic;
  traffic.requests = 1;
  traffic.bytes = distinct_bytes(distinct, bytes);
  uint64_t next = 0;  // first sector not yet counted
  for (int i = 0; i < distinct.size; ++i) {
    const uint64_t address = distinct.values[static_cast<std::size_t>(i)];
    const uint64_t first_sector = std::max(address / sector_bytes, next);
    const uint64_t end = (address + static_cast<uint64_t>(bytes) - 1) / sector_bytes + 1;
    if (end > first_sector) traffic.sectors += static_cast<int64_t>(end - first_sector);
    next = std::max(next, end);
  }
  traffic.least_sectors = (traffic.bytes + int64_t{sector_bytes} - 1) / int64_t{sector_bytes};
  return traffic;
}

Traffic shared_traffic(const LaneAddresses& addresses, int bytes, Mask lanes) {
  Traffic traffic;
  traffic.requests = 1;
  traffic.bytes = distinct_bytes(Distinct(addresses, lanes), bytes);
  const int group = bytes <= 4 ? 32 : bytes <= 8 ? 16 : 8;
  for (int begin = 0; begin < warp_size; begin += group) {
    const Mask members = lanes & (group == 32 ? all_lanes : ((Mask{1} << group) - 1) << begin);
    if (members == 0) continue;
    std::array<uint64_t, warp_size> words;  // at most 32: 32 lanes of 1, 16 of 2 or 8 of 4 words
    int size = 0;
    for_each_lane(members, [&](int lane) {
      const uint64_t address = addresses[static_cast<std::size_t>(lane)];
      for (uint64_t word = address / bank_bytes; word * bank_bytes < address + static_cast<uint64_t>(bytes);
           ++word)
        if (size < warp_size) words[static_cast<std::size_t>(size++)] = word;
    });
    std::sort(words.begin(), words.begin() + size);
    const auto end = std::unique(words.begin(), words.begin() + size);
    std::array<int, banks> load{};
    int busiest = 0;
    for (auto word = words.begin(); word != end; ++word)
      busiest = std::max(busiest, ++load[static_cast<std::size_t>(*word % banks)]);
    traffic.wavefronts += busiest;
    ++traffic.least_wavefronts;
  }
  return traffic;
}

Traffic& Traffic::operator+=(const Traffic& other) {
  requests += other.requests;
  bytes += other.bytes;
  sectors += other.sectors;
  least_sectors += other.least_sectors;
  wavefronts += other.wavefronts;
  least_wavefronts += other.least_wavefronts;
  return *this;
}

}  // namespace masktwins::emulator
