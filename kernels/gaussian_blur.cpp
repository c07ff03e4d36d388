#include "kernels/gaussian_blur.h"

#include <algorithm>
#include <vector>

#include "kernels/common/parallel.h"
#include "kernels/common/scratch.h"
#include "kernels/common/vec.h"

namespace masktwins::kernels::cpu {
namespace {

int64_t reflected(int64_t i, int64_t size) {
  if (i < 0) return -i;
  return i < size ? i : 2 * size - 2 - i;
}

// out[i] = sum_k weights[k] taps[k][i]: the blur in either direction, depending on where the taps point.
template <class T>
void weighted_sum(const std::vector<const T*>& taps, const T* weights, int64_t length, T* out) {
  for (int64_t i = 0; i < length; i += lanes<T>) {
    Vec<T> sum{};
    for (std::size_t k = 0; k < taps.size(); ++k) sum += weights[k] * load_partial(taps[k] + i, length - i);
    store_partial(out + i, sum, length - i);
  }
}

template <class T>
void reflect_margins(const GaussianBlurArgs<T>& args, T* line) {
  for (int64_t column = 1; column <= args.column_radius; ++column) {
    std::copy_n(line + column * args.channels, args.channels, line - column * args.channels);
    std::copy_n(line + (args.width - 1 - column) * args.channels, args.channels,
                line + (args.width - 1 + column) * args.channels);
  }
}

}  // namespace

template <class T>
void gaussian_blur(const GaussianBlurArgs<T>& args) {
  const int64_t length = args.width * args.channels;
  const int64_t margin = args.column_radius * args.channels;
  parallel_for(args.batch * args.height, 16, [&](int64_t begin, int64_t end) {
    const Scratch<T> scratch(length + 2 * margin);  // one row stays in the cache between the two directions
    T* line = scratch.data() + margin;
    std::vector<const T*> rows, columns;
    for (int64_t b = -args.column_radius; b <= args.column_radius; ++b)
      columns.push_back(line + b * args.channels);
    for (int64_t row = begin; row < end; ++row) {
      const T* image = args.x + row / args.height * args.height * length;
      rows.clear();
      for (int64_t a = -args.row_radius; a <= args.row_radius; ++a)
        rows.push_back(image + reflected(row % args.height + a, args.height) * length);
      weighted_sum(rows, args.row_weights, length, line);
      reflect_margins(args, line);
      weighted_sum(columns, args.column_weights, length, args.y + row * length);
    }
  });
}

template void gaussian_blur(const GaussianBlurArgs<float>&);
template void gaussian_blur(const GaussianBlurArgs<double>&);

}  // namespace masktwins::kernels::cpu
