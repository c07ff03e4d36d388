// Device code with function pointers, virtual functions, wmma fragments and a barrier of the whole grid.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime_api.h>

namespace masktwins::tests {

// y[i] of n = twice or three times x[i], as which[i] is 0 or 1; 2 calls through a null pointer.
void call_through_pointers(const int* which, const float* x, float* y, int n);
// area[i] of n: squares of side i and, where i is odd, rectangles of i by 2.
void call_virtual_functions(float* area, int n);

// c (16 x 16) = a (16 x 16) * b + c, b column by column with `stride` elements between them.
void product_f16(const __half* a, const __half* b, int stride, float* c);
// c (32 x 8) = a (32 x 16) * b (16 x 8), row by row
void product_bf16(const __nv_bfloat16* a, const __nv_bfloat16* b, float* c);
// c (16 x 16) = a (16 x 8) * b (8 x 16), row by row, rounded to tf32
void product_tf32(const float* a, const float* b, float* c);
// c (8 x 32) = a (8 x 16) * b (16 x 32) in f16 throughout, times two
void product_f16_result(const __half* a, const __half* b, __half* c);

// x[i] = i, then, after every block of the grid has done so, y[i] = x[(i + shift) % n]; n threads in 128s.
cudaError_t rotate_cooperatively(int* x, int* y, int n, int shift);
void rotate_without_cooperation(int* x, int* y, int n, int shift);  // the grid's barrier traps

// out[i] = bmsk.clamp(x[i], y[i]), out[n + i] = bmsk.wrap
void bit_masks(const unsigned* x, const unsigned* y, unsigned* out, int n);

}  // namespace masktwins::tests
