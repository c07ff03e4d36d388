#include "kernels/resize_nearest.h"

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {
namespace {
constexpr int64_t elements_per_chunk = 1 << 16;
}

template <class T>
void resize_nearest(const ResizeNearestArgs<T>& args) {
  const auto [batch, channels, height, width, out_height, out_width] = args.shape;
  if (batch * channels == 0) return;
  parallel_for(batch * out_height, ceil_div(elements_per_chunk, out_width * channels),
               [&](int64_t begin, int64_t end) {
                 for (int64_t row = begin; row < end; ++row) {
                   const int64_t n = row / out_height, in_row = row % out_height * height / out_height;
                   const T* x = args.x + (n * height + in_row) * width * channels;
                   T* y = args.y + row * out_width * channels;
                   for (int64_t j = 0; j < out_width; ++j, y += channels) {
                     const T* pixel = x + j * width / out_width * channels;
#pragma omp simd
                     for (int64_t c = 0; c < channels; ++c) y[c] = pixel[c];
                   }
                 }
               });
}

// Each row of dx belongs to one chunk; the rows of dy that read it lie together.
template <class T>
void resize_nearest_backward(const ResizeNearestBackwardArgs<T>& args) {
  const auto [batch, channels, height, width, out_height, out_width] = args.shape;
  if (batch * channels == 0) return;
  parallel_for(batch * height, ceil_div(elements_per_chunk, width * channels),
               [&](int64_t begin, int64_t end) {
                 for (int64_t row = begin; row < end; ++row) {
                   const int64_t n = row / height, in_row = row % height;
                   T* dx = args.dx + row * width * channels;
                   std::fill_n(dx, width * channels, T{0});
                   // floor(i * height / out_height) == in_row for the i from here ...
                   const int64_t first = ceil_div(in_row * out_height, height);
                   const int64_t last = ceil_div((in_row + 1) * out_height, height);  // ... to before here
                   for (int64_t i = first; i < last; ++i) {
                     const T* dy = args.dy + (n * out_height + i) * out_width * channels;
                     for (int64_t j = 0; j < out_width; ++j, dy += channels) {
                       T* pixel = dx + j * width / out_width * channels;
#pragma omp simd
                       for (int64_t c = 0; c < channels; ++c) pixel[c] += dy[c];
                     }
                   }
                 }
               });
}

template void resize_nearest(const ResizeNearestArgs<float>&);
template void resize_nearest(const ResizeNearestArgs<double>&);
template void resize_nearest_backward(const ResizeNearestBackwardArgs<float>&);
template void resize_nearest_backward(const ResizeNearestBackwardArgs<double>&);

}  // namespace masktwins::kernels::cpu
