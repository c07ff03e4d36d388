#include <stdexcept>

#include "kernels/common/launch.cuh"
#include "kernels/gaussian_blur.h"

namespace masktwins::kernels::cuda {
namespace {

constexpr int strip = 8;          // output rows of a block
constexpr int tile = 256;         // output elements of a block in a row
constexpr int most_radius = 120;  // the weights travel as arguments of the kernel
constexpr int most_margin = 640;  // elements that a tile needs on either side, for shared memory

struct Blur {
  int height, width, channels;
  int row_radius, column_radius;
  float row_weights[2 * most_radius + 1 + 2 * (strip - 1)];  // strip - 1 zeros before and behind
  float column_weights[2 * most_radius + 1];
};

__device__ int reflected(int i, int size) { return i < 0 ? -i : i < size ? i : 2 * size - 2 - i; }

// A thread goes down a column of x once and adds each value to the rows of the strip that it belongs to; the
// rows so blurred vertically meet in shared memory, where they are blurred horizontally.
template <class T>
__global__ void __launch_bounds__(threads_per_block)
    gaussian_blur_kernel(const __grid_constant__ Blur blur, const T* x, T* y) {
  extern __shared__ float lines[];
  const int channels = blur.channels, length = blur.width * channels;
  const int margin = blur.column_radius * channels, line_length = tile + 2 * margin;
  const int first_row = blockIdx.y * strip, first_element = blockIdx.x * tile;
  const int64_t image = int64_t{blockIdx.z} * blur.height * length;
  const int last_row = min(first_row + strip, blur.height) - 1;

  for (int e = threadIdx.x; e < line_length; e += blockDim.x) {
    const int element = first_element - margin + e;
    if (element >= length + margin) break;
    const int shifted = element + margin, pixel = shifted / channels - blur.column_radius;
    const int column = reflected(pixel, blur.width) * channels + shifted % channels;
    float sums[strip] = {};
    for (int row = first_row - blur.row_radius; row <= last_row + blur.row_radius; ++row) {
      const float value =
          static_cast<float>(x[image + int64_t{reflected(row, blur.height)} * length + column]);
      const int tap = row - first_row + blur.row_radius + strip - 1;
#pragma unroll
      for (int r = 0; r < strip; ++r) sums[r] += blur.row_weights[tap - r] * value;
    }
#pragma unroll
    for (int r = 0; r < strip; ++r) lines[r * line_length + e] = sums[r];
  }
  __syncthreads();

  for (int e = threadIdx.x; e < tile && first_element + e < length; e += blockDim.x)
    for (int row = first_row; row <= last_row; ++row) {
      const float* line = lines + (row - first_row) * line_length + e;
      float sum = 0;
      for (int b = 0; b <= 2 * blur.column_radius; ++b) sum += blur.column_weights[b] * line[b * channels];
      y[image + int64_t{row} * length + first_element + e] = static_cast<T>(sum);
    }
}

}  // namespace

template <class T>
void gaussian_blur(const GaussianBlurArgs<T>& args) {
  if (args.batch * args.height * args.width * args.channels == 0) return;
  if (std::max(args.row_radius, args.column_radius) > most_radius ||
      args.column_radius * args.channels > most_margin)
    throw std::runtime_error("gaussian_blur: cuda blurs over at most " + std::to_string(most_radius) +
                             " pixels and " + std::to_string(most_margin) + " elements to either side");
  Blur blur{static_cast<int>(args.height),
            static_cast<int>(args.width),
            static_cast<int>(args.channels),
            static_cast<int>(args.row_radius),
            static_cast<int>(args.column_radius),
            {},
            {}};
  std::copy_n(args.row_weights, 2 * args.row_radius + 1, blur.row_weights + strip - 1);
  std::copy_n(args.column_weights, 2 * args.column_radius + 1, blur.column_weights);
  const int64_t length = args.width * args.channels;
  const dim3 grid(static_cast<unsigned>((length + tile - 1) / tile),
                  static_cast<unsigned>((args.height + strip - 1) / strip),
                  static_cast<unsigned>(args.batch));
  const int64_t line_length = tile + 2 * args.column_radius * args.channels;
  launch("gaussian_blur", gaussian_blur_kernel<T>, grid, threads_per_block,
         static_cast<std::size_t>(strip * line_length) * sizeof(float))(blur, args.x, args.y);
}

template void gaussian_blur(const GaussianBlurArgs<float>&);
template void gaussian_blur(const GaussianBlurArgs<bfloat16>&);
template void gaussian_blur(const GaussianBlurArgs<float16>&);

}  // namespace masktwins::kernels::cuda
