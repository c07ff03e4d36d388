#include "kernels/block_mask.h"

#include <vector>

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {

void block_mask(const BlockMaskArgs& args) {
  const int64_t rows = mask_cells(args.height, args.block), columns = mask_cells(args.width, args.block);
  parallel_for(args.batch * args.height, 64, [&](int64_t begin, int64_t end) {
    std::vector<uint8_t> cells(static_cast<std::size_t>(columns));
    int64_t drawn = -1;
    for (int64_t line = begin; line < end; ++line) {
      const int64_t row = line / args.height * rows + line % args.height * rows / args.height;
      if (row != drawn) {
        for (int64_t column = 0; column < columns; ++column) {
          const uint64_t cell = static_cast<uint64_t>(row * columns + column);
          cells[static_cast<std::size_t>(column)] =
              mask_index(args.bounds, args.bound_count, uniform01(philox(args.key, args.step, cell).word[0]));
        }
        drawn = row;
      }
      for (int64_t x = 0; x < args.width; ++x)
        args.index[line * args.width + x] = cells[static_cast<std::size_t>(x * columns / args.width)];
    }
  });
}

}  // namespace masktwins::kernels::cpu
