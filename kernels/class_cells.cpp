#include "kernels/class_cells.h"

#include <algorithm>
#include <array>

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {

template <class T>
void class_cells(const ClassCellsArgs<T>& args) {
  const int64_t rows = args.rows(), columns = args.columns();
  const double least = args.share * static_cast<double>(args.factor * args.factor);
  parallel_for(args.batch * rows, 1, [&](int64_t index, int64_t) {
    const uint8_t* first =
        args.label + (index / rows * args.height + index % rows * args.factor) * args.width;
    for (int64_t column = 0; column < columns; ++column) {
      std::array<int64_t, 256> count{};
      for (int64_t y = 0; y < args.factor; ++y)
        for (int64_t x = 0; x < args.factor; ++x) ++count[first[y * args.width + column * args.factor + x]];
      const auto largest = std::max_element(count.begin(), count.end() - 1);
      const bool dominates = static_cast<double>(*largest) >= least;
      args.cell[index * columns + column] =
          static_cast<T>(dominates && args.wanted[largest - count.begin()] != 0);
    }
  });
}

template void class_cells(const ClassCellsArgs<float>&);
template void class_cells(const ClassCellsArgs<double>&);

}  // namespace masktwins::kernels::cpu
