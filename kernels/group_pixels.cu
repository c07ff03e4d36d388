#include "kernels/group_pixels.h"

#include "kernels/common/images.cuh"

namespace masktwins::kernels::cuda {
namespace {

template <int vector, class T>
__global__ void __launch_bounds__(threads_per_block)
    group_pixels_kernel(ImageWalk walk, PixelGroups g, const T* x, T* y) {
  walk.for_each<vector>([&](int image, int i, int j, int channel) {
    const int row_of_groups = image / g.columns.groups, n = row_of_groups / g.rows.groups;
    const int row = g.rows.pixel(row_of_groups - n * g.rows.groups, i);
    const int column = g.columns.pixel(image - row_of_groups * g.columns.groups, j);
    const bool inside = row >= 0 && row < g.rows.size && column >= 0 && column < g.columns.size;
    Vector<T, vector> pixel = {};
    if (inside) pixel = load_vector<vector>(x + g.image_offset(n, row, column) + channel);
    store_vector(y + g.group_offset(image, i, j) + channel, pixel);
  });
}

template <int vector, class T>
__global__ void __launch_bounds__(threads_per_block)
    ungroup_pixels_kernel(ImageWalk walk, PixelGroups g, const T* x, T* y) {
  walk.for_each<vector>([&](int n, int row, int column, int channel) {
    const int image =
        (n * g.rows.groups + g.rows.group_of(row)) * g.columns.groups + g.columns.group_of(column);
    const int64_t from = g.group_offset(image, g.rows.position_of(row), g.columns.position_of(column));
    store_vector(y + g.image_offset(n, row, column) + channel, load_vector<vector>(x + from + channel));
  });
}

}  // namespace

template <class T>
void group_pixels(const GroupPixelsArgs<T>& args) {
  const PixelGroups& g = args.groups;
  const int64_t images = g.batch * g.rows.groups * g.columns.groups;
  if (images * g.channels == 0) return;
  with_vector<T>(
      g.channels,
      [&](auto vector) {
        const ImageWalk walk = image_walk(images, g.rows.length, g.columns.length, g.channels, vector);
        launch("group_pixels", group_pixels_kernel<vector, T>, walk.grid, walk.block)(walk, g, args.x,
                                                                                      args.y);
      },
      args.x, args.y);
}

template <class T>
void ungroup_pixels(const GroupPixelsArgs<T>& args) {
  const PixelGroups& g = args.groups;
  if (g.batch * g.channels * g.rows.size * g.columns.size == 0) return;
  with_vector<T>(
      g.channels,
      [&](auto vector) {
        const ImageWalk walk = image_walk(g.batch, g.rows.size, g.columns.size, g.channels, vector);
        launch("ungroup_pixels", ungroup_pixels_kernel<vector, T>, walk.grid, walk.block)(walk, g, args.x,
                                                                                          args.y);
      },
      args.x, args.y);
}

template void group_pixels(const GroupPixelsArgs<float>&);
template void group_pixels(const GroupPixelsArgs<bfloat16>&);
template void group_pixels(const GroupPixelsArgs<float16>&);
template void ungroup_pixels(const GroupPixelsArgs<float>&);
template void ungroup_pixels(const GroupPixelsArgs<bfloat16>&);
template void ungroup_pixels(const GroupPixelsArgs<float16>&);

}  // namespace masktwins::kernels::cuda
