#include <cooperative_groups.h>
#include <mma.h>

#include "tests/emulator/kernels/language.h"

namespace masktwins::tests {
namespace {

__device__ float twice(float x) { return 2 * x; }
__device__ float thrice(float x) { return 3 * x; }
using Change = float (*)(float);
__device__ Change changes[3] = {twice, thrice, nullptr};

__global__ void pointer_kernel(const int* which, const float* x, float* y, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = changes[which[i]](x[i]);
}

struct Shape {
  float side;
  __device__ explicit Shape(float s) : side(s) {}
  __device__ virtual float area() const = 0;
};
struct Square : Shape {
  using Shape::Shape;
  __device__ float area() const override { return side * side; }
};
struct Rectangle : Shape {
  using Shape::Shape;
  __device__ float area() const override { return side * 2; }
};

__global__ void virtual_kernel(float* area, int n) {
  const int i = threadIdx.x;
  Square square(i);
  Rectangle rectangle(i);
  const Shape* shape = i % 2 == 0 ? static_cast<const Shape*>(&square) : &rectangle;
  if (i < n) area[i] = shape->area();
}

using namespace nvcuda;

__global__ void f16_kernel(const __half* a, const __half* b, int stride, float* c) {
  wmma::fragment<wmma::matrix_a, 16, 16, 16, __half, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, __half, wmma::col_major> fb;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> fc;
  wmma::load_matrix_sync(fa, a, 16);
  wmma::load_matrix_sync(fb, b, stride);
  wmma::load_matrix_sync(fc, c, 16, wmma::mem_row_major);
  wmma::mma_sync(fc, fa, fb, fc);
  wmma::store_matrix_sync(c, fc, 16, wmma::mem_row_major);
}
__global__ void bf16_kernel(const __nv_bfloat16* a, const __nv_bfloat16* b, float* c) {
  wmma::fragment<wmma::matrix_a, 32, 8, 16, __nv_bfloat16, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, 32, 8, 16, __nv_bfloat16, wmma::row_major> fb;
  wmma::fragment<wmma::accumulator, 32, 8, 16, float> fc;
  wmma::fill_fragment(fc, 0);
  wmma::load_matrix_sync(fa, a, 16);
  wmma::load_matrix_sync(fb, b, 8);
  wmma::mma_sync(fc, fa, fb, fc);
  wmma::store_matrix_sync(c, fc, 8, wmma::mem_row_major);
}
__global__ void tf32_kernel(const float* a, const float* b, float* c) {
  wmma::fragment<wmma::matrix_a, 16, 16, 8, wmma::precision::tf32, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, 16, 16, 8, wmma::precision::tf32, wmma::row_major> fb;
  wmma::fragment<wmma::accumulator, 16, 16, 8, float> fc;
  wmma::fill_fragment(fc, 0);
  wmma::load_matrix_sync(fa, a, 8);
  wmma::load_matrix_sync(fb, b, 16);
  for (float& x : fa.x) x = wmma::__float_to_tf32(x);
  for (float& x : fb.x) x = wmma::__float_to_tf32(x);
  wmma::mma_sync(fc, fa, fb, fc);
  wmma::store_matrix_sync(c, fc, 16, wmma::mem_row_major);
}
__global__ void f16_result_kernel(const __half* a, const __half* b, __half* c) {
  wmma::fragment<wmma::matrix_a, 8, 32, 16, __half, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, 8, 32, 16, __half, wmma::row_major> fb;
  wmma::fragment<wmma::accumulator, 8, 32, 16, __half> fc;
  wmma::fill_fragment(fc, __half(0));
  wmma::load_matrix_sync(fa, a, 16);
  wmma::load_matrix_sync(fb, b, 32);
  wmma::mma_sync(fc, fa, fb, fc);
  for (__half& x : fc.x) x = x + x;
  wmma::store_matrix_sync(c, fc, 8, wmma::mem_col_major);
}

__global__ void rotate_kernel(int* x, int* y, int n, int shift) {
  const auto grid = cooperative_groups::this_grid();
  const int i = static_cast<int>(grid.thread_rank());
  x[i] = i;
  grid.sync();
  y[i] = x[(i + shift) % n];
}

__global__ void mask_kernel(const unsigned* x, const unsigned* y, unsigned* out, int n) {
  const int i = threadIdx.x;
  if (i >= n) return;
  asm("bmsk.clamp.b32 %0, %1, %2;" : "=r"(out[i]) : "r"(x[i]), "r"(y[i]));
  asm("bmsk.wrap.b32 %0, %1, %2;" : "=r"(out[n + i]) : "r"(x[i]), "r"(y[i]));
}

}  // namespace

void call_through_pointers(const int* which, const float* x, float* y, int n) {
  pointer_kernel<<<(n + 63) / 64, 64>>>(which, x, y, n);
}
void call_virtual_functions(float* area, int n) { virtual_kernel<<<1, 64>>>(area, n); }

void product_f16(const __half* a, const __half* b, int stride, float* c) {
  f16_kernel<<<1, 32>>>(a, b, stride, c);
}
void product_bf16(const __nv_bfloat16* a, const __nv_bfloat16* b, float* c) {
  bf16_kernel<<<1, 32>>>(a, b, c);
}
void product_tf32(const float* a, const float* b, float* c) { tf32_kernel<<<1, 32>>>(a, b, c); }
void product_f16_result(const __half* a, const __half* b, __half* c) {
  f16_result_kernel<<<1, 32>>>(a, b, c);
}

cudaError_t rotate_cooperatively(int* x, int* y, int n, int shift) {
  void* arguments[] = {&x, &y, &n, &shift};
  return cudaLaunchCooperativeKernel(reinterpret_cast<const void*>(rotate_kernel), dim3(n / 128), dim3(128),
                                     arguments, 0, nullptr);
}
void rotate_without_cooperation(int* x, int* y, int n, int shift) {
  rotate_kernel<<<n / 128, 128>>>(x, y, n, shift);
}

void bit_masks(const unsigned* x, const unsigned* y, unsigned* out, int n) {
  mask_kernel<<<1, 32>>>(x, y, out, n);
}

}  // namespace masktwins::tests
