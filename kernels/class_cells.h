// class_cells: where in a label map one of the wanted classes dominates. The map is cut into cells of factor
// x factor pixels; a cell is 1 if a single class other than 255 covers at least `share` of its pixels and is
// wanted, else 0 (the "thing" mask of DAFormer's feature distance, section 3.2). Rows and columns beyond the
// last whole cell do not count; of equal counts the smallest class wins. Layout: labels (batch, height,
// width), cells (batch, height / factor, width / factor). Bytes: labels read, cells written. Flops: 1 per
// pixel.
//
// CUDA: a row of a cell may be shorter than a sector of 32 bytes, which its neighbours then read again.
#pragma once

#include <cstdint>

#include "kernels/common/host_device.h"

namespace masktwins::kernels {

template <class T>
struct ClassCellsArgs {
  int64_t batch, height, width, factor;
  double share;
  const uint8_t* label;
  const uint8_t* wanted;  // (256)
  T* cell;

  HOST_DEVICE int64_t rows() const { return height / factor; }
  HOST_DEVICE int64_t columns() const { return width / factor; }
};

namespace cpu {
template <class T>
void class_cells(const ClassCellsArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void class_cells(const ClassCellsArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels
