// The stream of random keys of a training step. Each use of randomness takes the next site; since the numbers
// are a pure function of (seed, site, step), a run can be resumed, or a checkpoint replayed, from these three
// alone.
#pragma once

#include <cstdint>

#include "kernels/common/philox.h"

namespace masktwins {

struct RandomStream {
  uint32_t seed = 0;
  uint64_t step = 0;
  uint32_t next_site = 0;

  kernels::RandomKey next_key() { return {seed, next_site++}; }
};

// The stream that ops with random draws (dropout) use, per thread.
RandomStream& random_stream();

// Begins step `step` of the run with seed `seed`.
inline void begin_random_step(uint32_t seed, uint64_t step) { random_stream() = {seed, step, 0}; }

}  // namespace masktwins
