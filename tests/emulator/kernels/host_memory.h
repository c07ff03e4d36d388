// Kernels on memory that host code sees as well, and on pitched volumes.
#pragma once

#include <cuda_runtime_api.h>

namespace masktwins::tests {

int managed_total();            // a __managed__ variable, read by the host; 5 before any kernel
void add_to_total(int number);  // by a kernel

void add_one(float* x, int n);
void add_one(const cudaPitchedPtr& volume, const cudaExtent& extent);

}  // namespace masktwins::tests
