#include "kernels/class_cells.h"
#include "kernels/common/float16.h"
#include "kernels/common/launch.cuh"

namespace masktwins::kernels::cuda {
namespace {

// One block per cell: the classes are counted in shared memory by integer atomics, whose order does not
// matter. A single thread then looks for the largest count; a cell has thousands of pixels and 255 classes.
template <class T>
__global__ void __launch_bounds__(threads_per_block) class_cells_kernel(ClassCellsArgs<T> args) {
  __shared__ int count[256];
  for (int k = threadIdx.x; k < 256; k += blockDim.x) count[k] = 0;
  __syncthreads();
  const int64_t column = blockIdx.x, row = blockIdx.y, image = blockIdx.z;
  const uint8_t* first =
      args.label + (image * args.height + row * args.factor) * args.width + column * args.factor;
  const int64_t pixels = args.factor * args.factor;
  for (int64_t i = threadIdx.x; i < pixels; i += blockDim.x)
    atomicAdd(&count[first[i / args.factor * args.width + i % args.factor]], 1);
  __syncthreads();
  if (threadIdx.x != 0) return;
  int largest = 0;
  for (int k = 1; k < 255; ++k)
    if (count[k] > count[largest]) largest = k;
  const bool dominates = count[largest] >= args.share * static_cast<double>(pixels);
  args.cell[(image * args.rows() + row) * args.columns() + column] =
      static_cast<T>(dominates && args.wanted[largest] != 0 ? 1.0f : 0.0f);
}

}  // namespace

template <class T>
void class_cells(const ClassCellsArgs<T>& args) {
  if (args.batch * args.rows() * args.columns() == 0) return;
  const dim3 grid(static_cast<unsigned>(args.columns()), static_cast<unsigned>(args.rows()),
                  static_cast<unsigned>(args.batch));
  launch("class_cells", class_cells_kernel<T>, grid, threads_per_block)(args);
}

template void class_cells(const ClassCellsArgs<float>&);
template void class_cells(const ClassCellsArgs<bfloat16>&);
template void class_cells(const ClassCellsArgs<float16>&);

}  // namespace masktwins::kernels::cuda
