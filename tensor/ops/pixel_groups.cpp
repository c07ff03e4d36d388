#include "tensor/ops/pixel_groups.h"

#include "tensor/dispatch.h"

namespace masktwins {

kernels::PixelGroups pixel_groups(const char* op, const PixelGrouping& g, const ImageSize& images) {
  require(g.rows > 0 && g.columns > 0 && images.height > 0 && images.width > 0 &&
              g.rows * g.height >= images.height && g.columns * g.width >= images.width,
          op, ": ", g.rows, " x ", g.columns, " groups of ", g.height, " x ", g.width,
          " pixels do not hold images of ", images.height, " x ", images.width);
  const auto axis = [&](int64_t size, int64_t groups, int64_t length) {
    return kernels::PixelAxis{static_cast<int>(size), static_cast<int>(groups), static_cast<int>(length),
                              g.interlaced};
  };
  return {images.batch, images.channels, axis(images.height, g.rows, g.height),
          axis(images.width, g.columns, g.width)};
}

Work grouping_work(const kernels::PixelGroups& g, DType dtype) {
  const auto pixels = [](const kernels::PixelAxis& rows, const kernels::PixelAxis& columns) {
    return static_cast<double>(rows.size) * columns.size +
           static_cast<double>(rows.groups) * columns.groups * rows.length * columns.length;
  };
  return {static_cast<double>(g.batch * g.channels) * pixels(g.rows, g.columns) *
              static_cast<double>(size_of(dtype)),
          0};
}

Tensor grouped(const kernels::PixelGroups& g, const Tensor& images) {
  Tensor y =
      Tensor::empty({g.batch * g.rows.groups * g.columns.groups, g.channels, g.rows.length, g.columns.length},
                    images.dtype(), images.device());
  const ProfileScope profile("group_pixels", grouping_work(g, images.dtype()));
  dispatch(images, "group_pixels", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::GroupPixelsArgs<T> args{g, images.data<T>(), y.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::group_pixels(args);
    else kernels::cuda::group_pixels(args);
  });
  return y;
}

Tensor ungrouped(const kernels::PixelGroups& g, const Tensor& grouped_images) {
  Tensor y = Tensor::empty({g.batch, g.channels, g.rows.size, g.columns.size}, grouped_images.dtype(),
                           grouped_images.device());
  const ProfileScope profile("ungroup_pixels", grouping_work(g, y.dtype()));
  dispatch(y, "ungroup_pixels", [&](auto device, auto zero) {
    using T = decltype(zero);
    const kernels::GroupPixelsArgs<T> args{g, grouped_images.data<T>(), y.data<T>()};
    if constexpr (device == Device::cpu) kernels::cpu::ungroup_pixels(args);
    else kernels::cuda::ungroup_pixels(args);
  });
  return y;
}

PixelGrouping grouping_of(const Attributes& a) {
  return {attribute(a, "rows"), attribute(a, "columns"), attribute(a, "height"), attribute(a, "width"),
          attribute(a, "interlaced") != 0};
}

Attributes grouping_attributes(const PixelGrouping& g) {
  return {{"rows", static_cast<double>(g.rows)},
          {"columns", static_cast<double>(g.columns)},
          {"height", static_cast<double>(g.height)},
          {"width", static_cast<double>(g.width)},
          {"interlaced", g.interlaced ? 1 : 0}};
}

}  // namespace masktwins
