#include "kernels/group_pixels.h"

#include <algorithm>

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {
namespace {
constexpr int64_t elements_per_chunk = 1 << 16;
}

template <class T>
void group_pixels(const GroupPixelsArgs<T>& args) {
  const PixelGroups& g = args.groups;
  const PixelAxis &rows = g.rows, &columns = g.columns;
  const int64_t groups = int64_t{rows.groups} * columns.groups;
  const int64_t grain = ceil_div(elements_per_chunk, std::max<int64_t>(1, columns.length * g.channels));
  parallel_for(g.batch * groups * rows.length, grain, [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line) {
      const int64_t image = line / rows.length, n = image / groups;
      const int group = static_cast<int>(image % groups), column_group = group % columns.groups;
      const int i = static_cast<int>(line % rows.length), row = rows.pixel(group / columns.groups, i);
      for (int j = 0; j < columns.length; ++j) {
        T* y = args.y + g.group_offset(image, i, j);
        const int column = columns.pixel(column_group, j);
        const bool inside = row >= 0 && row < rows.size && column >= 0 && column < columns.size;
        if (inside) std::copy_n(args.x + g.image_offset(n, row, column), g.channels, y);
        else std::fill_n(y, g.channels, T{0});
      }
    }
  });
}

template <class T>
void ungroup_pixels(const GroupPixelsArgs<T>& args) {
  const PixelGroups& g = args.groups;
  const PixelAxis &rows = g.rows, &columns = g.columns;
  const int64_t grain = ceil_div(elements_per_chunk, std::max<int64_t>(1, columns.size * g.channels));
  parallel_for(g.batch * rows.size, grain, [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line) {
      const int64_t n = line / rows.size;
      const int row = static_cast<int>(line % rows.size);
      const int64_t first = (n * rows.groups + rows.group_of(row)) * columns.groups;
      for (int column = 0; column < columns.size; ++column) {
        const int64_t from = g.group_offset(first + columns.group_of(column), rows.position_of(row),
                                            columns.position_of(column));
        std::copy_n(args.x + from, g.channels, args.y + g.image_offset(n, row, column));
      }
    }
  });
}

template void group_pixels(const GroupPixelsArgs<float>&);
template void group_pixels(const GroupPixelsArgs<double>&);
template void ungroup_pixels(const GroupPixelsArgs<float>&);
template void ungroup_pixels(const GroupPixelsArgs<double>&);

}  // namespace masktwins::kernels::cpu
