#include "kernels/gaussian_blur.h"

#include <algorithm>

#include "kernels/common/parallel.h"
#include "kernels/common/scratch.h"

namespace masktwins::kernels::cpu {
namespace {

int64_t reflected(int64_t i, int64_t size) {
  if (i < 0) return -i;
  return i < size ? i : 2 * size - 2 - i;
}

// sum_a weights[a] rows[a] for one row of the image, into memory with room for the reflected margins.
template <class T>
void blur_between_rows(const GaussianBlurArgs<T>& args, const T* image, int64_t row, T* __restrict line) {
  const int64_t length = args.width * args.channels;
  std::fill_n(line, length, T{0});
  for (int64_t a = -args.row_radius; a <= args.row_radius; ++a) {
    const T weight = args.row_weights[a + args.row_radius];
    const T* __restrict in = image + reflected(row + a, args.height) * length;
    for (int64_t i = 0; i < length; ++i) line[i] += weight * in[i];
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

template <class T>
void blur_between_columns(const GaussianBlurArgs<T>& args, const T* line, T* __restrict out) {
  const int64_t length = args.width * args.channels;
  std::fill_n(out, length, T{0});
  for (int64_t b = -args.column_radius; b <= args.column_radius; ++b) {
    const T weight = args.column_weights[b + args.column_radius];
    const T* __restrict in = line + b * args.channels;
    for (int64_t i = 0; i < length; ++i) out[i] += weight * in[i];
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
    for (int64_t row = begin; row < end; ++row) {
      const T* image = args.x + row / args.height * args.height * length;
      blur_between_rows(args, image, row % args.height, line);
      reflect_margins(args, line);
      blur_between_columns(args, line, args.y + row * length);
    }
  });
}

template void gaussian_blur(const GaussianBlurArgs<float>&);
template void gaussian_blur(const GaussianBlurArgs<double>&);

}  // namespace masktwins::kernels::cpu
