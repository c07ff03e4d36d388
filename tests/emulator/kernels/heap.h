// Kernels that allocate from the device's heap. `out` has a value per thread.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

namespace masktwins::tests {

void delete_virtual_objects(int* out, int threads);
void share_one_array(int* out, int blocks, int threads);
void allocate_in_vain(bool* got_null, std::size_t bytes);

enum class HeapMistake { past_the_end, after_free, freed_twice, not_from_malloc };
void misuse_heap(HeapMistake mistake, int* out);

}  // namespace masktwins::tests
