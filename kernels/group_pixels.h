// group_pixels: cuts the pixels of every image into groups of equal size, which become images of a larger
// batch. Along each axis with `groups` groups of `length` pixels, pixel p of group a is the image's pixel
//   neighbours together: a * length + p - padding
//   interlaced:          p * groups + a - padding,   padding = floor((groups * length - size) / 2),
// and 0 outside of the image. Group (a, b) of image n is (n * rows.groups + a) * columns.groups + b.
// ungroup_pixels puts the pixels back and leaves the padding out; each is the other's gradient.
// Layout: channels-last. Bytes: images once, groups once. Flops: none.
#pragma once

#include <cstdint>

#include "kernels/common/host_device.h"

namespace masktwins::kernels {

// One axis of images, and how it is cut.
struct PixelAxis {
  int size, groups, length;
  bool interlaced;

  HOST_DEVICE int padding() const { return (groups * length - size) / 2; }
  // The image's pixel, below 0 or not below `size` for padding.
  HOST_DEVICE int pixel(int group, int position) const {
    return (interlaced ? position * groups + group : group * length + position) - padding();
  }
  HOST_DEVICE int group_of(int pixel) const {
    return interlaced ? (pixel + padding()) % groups : (pixel + padding()) / length;
  }
  HOST_DEVICE int position_of(int pixel) const {
    return interlaced ? (pixel + padding()) / groups : (pixel + padding()) % length;
  }
};

// Images (batch, rows.size, columns.size, channels), or their groups
// (batch · rows.groups · columns.groups, rows.length, columns.length, channels).
struct PixelGroups {
  int64_t batch, channels;
  PixelAxis rows, columns;

  HOST_DEVICE int64_t image_offset(int64_t n, int row, int column) const {
    return ((n * rows.size + row) * columns.size + column) * channels;
  }
  HOST_DEVICE int64_t group_offset(int64_t image, int row, int column) const {
    return ((image * rows.length + row) * columns.length + column) * channels;
  }
};

template <class T>
struct GroupPixelsArgs {
  PixelGroups groups;
  const T* x;  // images, of ungroup_pixels the groups
  T* y;
};

namespace cpu {
template <class T>
void group_pixels(const GroupPixelsArgs<T>& args);
template <class T>
void ungroup_pixels(const GroupPixelsArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void group_pixels(const GroupPixelsArgs<T>& args);
template <class T>
void ungroup_pixels(const GroupPixelsArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels
