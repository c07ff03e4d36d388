// Philox4x32-10, a counter-based random generator without state: four 32-bit words are a pure function of a
// key and a counter (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). The same (key,
// counter) gives the same bits on every device and with any number of threads.
#pragma once

#include <cstdint>

#include "kernels/common/host_device.h"

namespace masktwins::kernels {

// Who draws: `seed` belongs to the run, `site` to the place in the program (one value per independent use).
struct RandomKey {
  uint32_t seed = 0;
  uint32_t site = 0;
};

struct RandomWords {
  uint32_t word[4];
};

HOST_DEVICE RandomWords philox(RandomKey key, uint64_t step, uint64_t index) {
  uint32_t c0 = static_cast<uint32_t>(index), c1 = static_cast<uint32_t>(index >> 32);
  uint32_t c2 = static_cast<uint32_t>(step), c3 = static_cast<uint32_t>(step >> 32);
  uint32_t k0 = key.seed, k1 = key.site;
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53u} * c0;
    const uint64_t p1 = uint64_t{0xCD9E8D57u} * c2;
    c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<uint32_t>(p1);
    c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<uint32_t>(p0);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

// Uniform in [0, 1) with 24 random bits: exact in float, so equal on every device.
HOST_DEVICE float uniform01(uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }

}  // namespace masktwins::kernels
