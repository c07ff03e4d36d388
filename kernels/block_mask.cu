#include <stdexcept>

#include "kernels/block_mask.h"
#include "kernels/common/launch.cuh"
#include "kernels/common/pack.cuh"

namespace masktwins::kernels::cuda {
namespace {

constexpr int pixels_per_thread = 4;

// One draw and what makes an index of it; an index is a byte, so there are at most 255 bounds.
struct Cells {
  RandomKey key;
  uint64_t step;
  int64_t rows, columns;
  int bound_count;
  float bounds[255];
};

// Four neighbouring pixels of a line; they draw again only where a new cell begins.
__global__ void __launch_bounds__(threads_per_block)
    block_mask_kernel(const __grid_constant__ Cells cells, int64_t groups, int64_t height, int64_t width,
                      bool aligned, uint8_t* index) {
  const int64_t groups_per_line = (width + pixels_per_thread - 1) / pixels_per_thread;
  for (int64_t group = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; group < groups;
       group += int64_t{gridDim.x} * blockDim.x) {
    const int64_t line = group / groups_per_line;
    const int64_t first = (group - line * groups_per_line) * pixels_per_thread;
    const int64_t row = line / height * cells.rows + line % height * cells.rows / height;
    Vector<uint8_t, pixels_per_thread> out;
    int64_t drawn = -1;
    uint8_t value = 0;
#pragma unroll
    for (int k = 0; k < pixels_per_thread; ++k) {
      const int64_t column = (first + k) * cells.columns / width;
      if (column != drawn) {
        const uint64_t cell = static_cast<uint64_t>(row * cells.columns + column);
        value = mask_index(cells.bounds, cells.bound_count,
                           uniform01(philox(cells.key, cells.step, cell).word[0]));
        drawn = column;
      }
      out.element[k] = value;
    }
    uint8_t* to = index + line * width + first;
    if (aligned) store_vector(to, out);
    else
      for (int k = 0; k < pixels_per_thread && first + k < width; ++k) to[k] = out.element[k];
  }
}

}  // namespace

void block_mask(const BlockMaskArgs& args) {
  if (args.batch * args.height * args.width == 0) return;
  Cells cells{args.key,
              args.step,
              mask_cells(args.height, args.block),
              mask_cells(args.width, args.block),
              static_cast<int>(args.bound_count),
              {}};
  for (int k = 0; k < cells.bound_count; ++k) cells.bounds[k] = static_cast<float>(args.bounds[k]);
  const bool aligned = args.width % pixels_per_thread == 0 && pack_aligned(args.index);
  const int64_t groups =
      args.batch * args.height * ((args.width + pixels_per_thread - 1) / pixels_per_thread);
  launch("block_mask", block_mask_kernel, blocks_for(groups, threads_per_block), threads_per_block)(
      cells, groups, args.height, args.width, aligned, args.index);
}

}  // namespace masktwins::kernels::cuda
