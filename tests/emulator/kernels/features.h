// Device code that needs more of the language: calls that are not inlined, recursion, jump tables, variables.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

namespace masktwins::tests {

void launch_nothing(dim3 grid, dim3 block, std::size_t dynamic_shared);
void allow_shared_memory(int bytes);  // for launch_nothing
int resident_blocks(int threads, std::size_t dynamic_shared);

void set_constant(int value);  // __constant__
int read_counter();            // __device__ counter of the threads of all device_features so far
// out[i] of 64 = constant + 100 fibonacci(i % 8) + a switch on i % 8 + i * i - i
void device_features(int* out);

// x[i] = x[i] + 1 after `rounds` turns of useless work, on a stream.
void increment(int* x, int n, int rounds, cudaStream_t stream);
void double_values(int* x, int n, cudaStream_t stream);

}  // namespace masktwins::tests
