// A matrix product in the style of fast GPU code: bf16, cp.async into two buffers, ldmatrix with swizzled
// rows, mma.sync. C (m x n, float) = A (m x k) * B (n x k)^T; m and n multiples of 64, k of 32. Device
// pointers.
#pragma once

#include <cstdint>

namespace masktwins::tests {

// Deliberate mistakes that the emulator must find, and the one choice that only costs speed.
enum class MatmulVariant {
  correct,
  not_swizzled,       // bank conflicts
  wait_too_weak,      // uses a tile that is still being copied
  no_barrier_before,  // uses what other threads copied without a barrier
  no_barrier_after,   // refills a tile that others still read
};

void matmul_async(const uint16_t* a, const uint16_t* b, float* c, int m, int n, int k, MatmulVariant variant);

}  // namespace masktwins::tests
