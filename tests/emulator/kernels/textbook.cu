#include "tests/emulator/kernels/textbook.h"

namespace masktwins::tests {
namespace {

__device__ float warp_sum(float value) {
  for (int offset = 16; offset > 0; offset /= 2) value += __shfl_xor_sync(0xffffffffu, value, offset);
  return value;
}
__device__ float warp_maximum(float value) {
  for (int offset = 16; offset > 0; offset /= 2)
    value = fmaxf(value, __shfl_xor_sync(0xffffffffu, value, offset));
  return value;
}

__global__ void saxpy_kernel(float a, const float* x, float* y, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] += a * x[i];
}

__global__ void saxpy_vector_kernel(float a, const float4* __restrict__ x, float4* __restrict__ y, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    const float4 from = x[i];
    float4 to = y[i];
    to.x += a * from.x;
    to.y += a * from.y;
    to.z += a * from.z;
    to.w += a * from.w;
    y[i] = to;
  }
}

constexpr int tile = 32, tile_rows = 8;

template <int padding>
__global__ void transpose_kernel(const float* in, float* out, int width, int height) {
  __shared__ float block[tile][tile + padding];
  int x = blockIdx.x * tile + threadIdx.x, y = blockIdx.y * tile + threadIdx.y;
  for (int row = 0; row < tile; row += tile_rows)
    if (x < width && y + row < height) block[threadIdx.y + row][threadIdx.x] = in[(y + row) * width + x];
  __syncthreads();
  x = blockIdx.y * tile + threadIdx.x;
  y = blockIdx.x * tile + threadIdx.y;
  for (int row = 0; row < tile; row += tile_rows)
    if (x < height && y + row < width) out[(y + row) * height + x] = block[threadIdx.x][threadIdx.y + row];
}

__global__ void transpose_naive_kernel(const float* in, float* out, int width, int height) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x < width && y < height) out[x * height + y] = in[y * width + x];
}

__global__ void reduce_kernel(const float* x, float* sum, int n) {
  __shared__ float partial[32];
  float value = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) value += x[i];
  value = warp_sum(value);
  if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = value;
  __syncthreads();
  if (threadIdx.x < 32) {
    value = threadIdx.x < blockDim.x / 32 ? partial[threadIdx.x] : 0;
    value = warp_sum(value);
    if (threadIdx.x == 0) atomicAdd(sum, value);
  }
}

// Hillis and Steele: every round adds the value `offset` places to the left.
__global__ void scan_kernel(const int* x, int* y, int n) {
  __shared__ int values[2][1024];
  const int i = threadIdx.x;
  int current = 0;
  values[current][i] = i < n ? x[i] : 0;
  __syncthreads();
  for (int offset = 1; offset < blockDim.x; offset *= 2) {
    values[1 - current][i] = values[current][i] + (i >= offset ? values[current][i - offset] : 0);
    current = 1 - current;
    __syncthreads();
  }
  if (i < n) y[i] = values[current][i];
}

__global__ void histogram_kernel(const int* x, int* bins, int n, int size) {
  extern __shared__ int counts[];
  for (int i = threadIdx.x; i < size; i += blockDim.x) counts[i] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    atomicAdd(&counts[x[i]], 1);
  __syncthreads();
  for (int i = threadIdx.x; i < size; i += blockDim.x)
    if (counts[i] > 0) atomicAdd(&bins[i], counts[i]);
}

__global__ void stencil_kernel(const float* x, float* y, int width, int height) {
  constexpr int side = 16;
  __shared__ float block[side + 2][side + 2];
  const int column = blockIdx.x * side + threadIdx.x, row = blockIdx.y * side + threadIdx.y;
  const auto at = [&](int r, int c) {
    return x[min(max(r, 0), height - 1) * width + min(max(c, 0), width - 1)];
  };
  const int r = threadIdx.y + 1, c = threadIdx.x + 1;
  block[r][c] = at(row, column);
  if (threadIdx.y == 0) block[0][c] = at(row - 1, column);
  if (threadIdx.y == side - 1) block[side + 1][c] = at(row + 1, column);
  if (threadIdx.x == 0) block[r][0] = at(row, column - 1);
  if (threadIdx.x == side - 1) block[r][side + 1] = at(row, column + 1);
  __syncthreads();
  if (row < height && column < width)
    y[row * width + column] =
        0.2f * (block[r][c] + block[r - 1][c] + block[r + 1][c] + block[r][c - 1] + block[r][c + 1]);
}

// A warp per row.
__global__ void softmax_kernel(const float* x, float* y, int rows, int columns) {
  const int row = blockIdx.x * blockDim.y + threadIdx.y;
  if (row >= rows) return;
  x += row * columns;
  y += row * columns;
  float largest = -INFINITY;
  for (int i = threadIdx.x; i < columns; i += 32) largest = fmaxf(largest, x[i]);
  largest = warp_maximum(largest);
  float sum = 0;
  for (int i = threadIdx.x; i < columns; i += 32) sum += expf(x[i] - largest);
  sum = warp_sum(sum);
  for (int i = threadIdx.x; i < columns; i += 32) y[i] = expf(x[i] - largest) / sum;
}

// A block of 128 threads per row; the variance is summed around the mean.
__global__ void layernorm_kernel(const float* x, const float* scale, const float* shift, float* y,
                                 int columns) {
  __shared__ float partial[4];
  x += blockIdx.x * columns;
  y += blockIdx.x * columns;
  const auto block_sum = [&](float value) {
    value = warp_sum(value);
    __syncthreads();  // the sums of the round before have been read
    if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = value;
    __syncthreads();
    return partial[0] + partial[1] + partial[2] + partial[3];
  };
  float sum = 0;
  for (int i = threadIdx.x; i < columns; i += blockDim.x) sum += x[i];
  const float mean = block_sum(sum) / columns;
  float squares = 0;
  for (int i = threadIdx.x; i < columns; i += blockDim.x) squares += (x[i] - mean) * (x[i] - mean);
  const float inverse = rsqrtf(block_sum(squares) / columns + 1e-5f);
  for (int i = threadIdx.x; i < columns; i += blockDim.x)
    y[i] = (x[i] - mean) * inverse * scale[i] + shift[i];
}

__global__ void matmul_kernel(const float* a, const float* b, float* c, int m, int n, int k) {
  constexpr int side = 16;
  __shared__ float a_tile[side][side], b_tile[side][side + 1];
  const int row = blockIdx.y * side + threadIdx.y, column = blockIdx.x * side + threadIdx.x;
  float sum = 0;
  for (int begin = 0; begin < k; begin += side) {
    const int a_column = begin + threadIdx.x, b_row = begin + threadIdx.y;
    a_tile[threadIdx.y][threadIdx.x] = row < m && a_column < k ? a[row * k + a_column] : 0;
    b_tile[threadIdx.y][threadIdx.x] = b_row < k && column < n ? b[b_row * n + column] : 0;
    __syncthreads();
    for (int i = 0; i < side; ++i) sum += a_tile[threadIdx.y][i] * b_tile[i][threadIdx.x];
    __syncthreads();
  }
  if (row < m && column < n) c[row * n + column] = sum;
}

int blocks(int n, int per_block) { return (n + per_block - 1) / per_block; }

}  // namespace

void saxpy(float a, const float* x, float* y, int n, cudaStream_t stream) {
  saxpy_kernel<<<blocks(n, 256), 256, 0, stream>>>(a, x, y, n);
}
void saxpy_vector(float a, const float* x, float* y, int n) {
  saxpy_vector_kernel<<<4, 128>>>(a, reinterpret_cast<const float4*>(x), reinterpret_cast<float4*>(y), n / 4);
}
void transpose(const float* in, float* out, int width, int height, bool padded) {
  const dim3 grid(blocks(width, tile), blocks(height, tile)), block(tile, tile_rows);
  if (padded) transpose_kernel<1><<<grid, block>>>(in, out, width, height);
  else transpose_kernel<0><<<grid, block>>>(in, out, width, height);
}
void transpose_naive(const float* in, float* out, int width, int height) {
  transpose_naive_kernel<<<dim3(blocks(width, 32), blocks(height, 8)), dim3(32, 8)>>>(in, out, width, height);
}
void reduce(const float* x, float* sum, int n) { reduce_kernel<<<4, 256>>>(x, sum, n); }
void scan(const int* x, int* y, int n) { scan_kernel<<<1, 1024>>>(x, y, n); }
void histogram(const int* x, int* bins, int n, int size) {
  histogram_kernel<<<4, 128, size * sizeof(int)>>>(x, bins, n, size);
}
void stencil(const float* x, float* y, int width, int height) {
  stencil_kernel<<<dim3(blocks(width, 16), blocks(height, 16)), dim3(16, 16)>>>(x, y, width, height);
}
void softmax(const float* x, float* y, int rows, int columns) {
  softmax_kernel<<<blocks(rows, 4), dim3(32, 4)>>>(x, y, rows, columns);
}
void layernorm(const float* x, const float* scale, const float* shift, float* y, int rows, int columns) {
  layernorm_kernel<<<rows, 128>>>(x, scale, shift, y, columns);
}
void matmul_tiled(const float* a, const float* b, float* c, int m, int n, int k) {
  matmul_kernel<<<dim3(blocks(n, 16), blocks(m, 16)), dim3(16, 16)>>>(a, b, c, m, n, k);
}

}  // namespace masktwins::tests
