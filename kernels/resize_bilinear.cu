#include "kernels/common/images.cuh"
#include "kernels/common/resize_sizes.cuh"
#include "kernels/resize_bilinear.h"

namespace masktwins::kernels::cuda {
namespace {

// An output position lies between inputs low and low + 1, by `share` nearer to the second; low is the last
// input and share 0 behind the end.
struct Source {
  int low;
  float share;
};

__global__ void sources_kernel(int in, int out, Source* sources) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= out) return;
  const double position = fmax(0.0, (i + 0.5) * (static_cast<double>(in) / out) - 0.5);
  const int low = min(in - 1, static_cast<int>(position));
  sources[i] = {low, low == in - 1 ? 0.0f : static_cast<float>(position - low)};
}

// first[p] = number of outputs whose low lies below p, for p <= in: the first that lies at or behind p.
__global__ void first_outputs_kernel(int in, int out, const Source* sources, int* first) {
  const int p = blockIdx.x * blockDim.x + threadIdx.x;
  if (p > in) return;
  int begin = 0, end = out;
  while (begin < end) {
    const int middle = (begin + end) / 2;
    if (sources[middle].low < p) begin = middle + 1;
    else end = middle;
  }
  first[p] = begin;
}

unsigned blocks_of_threads(int64_t threads) {
  return static_cast<unsigned>((threads + threads_per_block - 1) / threads_per_block);
}

// The sources of all outputs along one axis, in device memory.
class Axis {
 public:
  Axis(int64_t in, int64_t out)
      : in_(static_cast<int>(in)), out_(static_cast<int>(out)), sources_(out), first_(in + 1) {
    launch("bilinear_sources", sources_kernel, blocks_of_threads(out), threads_per_block)(in_, out_,
                                                                                          sources_.data());
  }
  const Source* sources() const { return sources_.data(); }
  // For the backward pass.
  const int* first_outputs() const {
    launch("bilinear_first_outputs", first_outputs_kernel, blocks_of_threads(in_ + 1), threads_per_block)(
        in_, out_, sources_.data(), first_.data());
    return first_.data();
  }

 private:
  int in_, out_;
  DeviceScratch<Source> sources_;
  DeviceScratch<int> first_;
};

constexpr int forward_strip = 16;  // output rows that a thread goes down
constexpr int backward_strip = 8;  // input rows

// A thread goes down a strip of an output column and keeps the two input rows it is between, already blended
// between columns: every input is read once per output column beside it and strip.
template <int vector, class T>
__global__ void __launch_bounds__(threads_per_block)
    resize_bilinear_kernel(ImageWalk walk, ResizeSizes s, const Source* rows, const Source* columns,
                           const T* x, T* y) {
  walk.for_each<vector>([&](int n, int strip, int j, int channel) {
    const Source column = columns[j];
    const int right = min(column.low + 1, s.width - 1);
    const auto blend_columns = [&](int row, float(&out)[vector]) {
      const auto a = load_vector<vector>(x + s.input(n, row, column.low, channel));
      const auto b = load_vector<vector>(x + s.input(n, row, right, channel));
#pragma unroll
      for (int k = 0; k < vector; ++k)
        out[k] = (1 - column.share) * static_cast<float>(a.element[k]) +
                 column.share * static_cast<float>(b.element[k]);
    };
    float upper[vector], lower[vector];
    int upper_row = -1, lower_row = -1;
    const int end = min((strip + 1) * forward_strip, s.out_height);
    for (int i = strip * forward_strip; i < end; ++i) {
      const Source row = rows[i];
      const int next = min(row.low + 1, s.height - 1);
      if (row.low != upper_row) {
        if (row.low == lower_row)
#pragma unroll
          for (int k = 0; k < vector; ++k) upper[k] = lower[k];
        else blend_columns(row.low, upper);
        upper_row = row.low;
      }
      if (next != lower_row) {
        blend_columns(next, lower);
        lower_row = next;
      }
      Vector<T, vector> out;
#pragma unroll
      for (int k = 0; k < vector; ++k)
        out.element[k] = static_cast<T>((1 - row.share) * upper[k] + row.share * lower[k]);
      store_vector(y + s.output(n, i, j, channel), out);
    }
  });
}

// A thread owns a strip of an input column. It goes down the output rows that read it, gathers from each the
// outputs beside its column, and hands them to the one or two rows between which the output row lies.
template <int vector, class T>
__global__ void __launch_bounds__(threads_per_block)
    resize_bilinear_backward_kernel(ImageWalk walk, ResizeSizes s, const Source* rows, const Source* columns,
                                    const int* first_row, const int* first_column, const T* dy, T* dx) {
  walk.for_each<vector>([&](int n, int strip, int q, int channel) {
    const int begin = strip * backward_strip, end = min(begin + backward_strip, s.height);
    const int left = first_column[max(0, q - 1)], right = first_column[q + 1];
    float here[vector] = {}, below[vector] = {};  // of rows `p` and p + 1
    int p = max(0, begin - 1);
    const auto finish_row = [&] {
      if (p >= begin) {
        Vector<T, vector> out;
#pragma unroll
        for (int k = 0; k < vector; ++k) out.element[k] = static_cast<T>(here[k]);
        store_vector(dx + s.input(n, p, q, channel), out);
      }
#pragma unroll
      for (int k = 0; k < vector; ++k) here[k] = below[k], below[k] = 0;
      ++p;
    };
    for (int i = first_row[p]; i < first_row[end]; ++i) {
      const Source row = rows[i];
      while (p < row.low) finish_row();
      float sum[vector] = {};
      for (int j = left; j < right; ++j) {
        const Source column = columns[j];
        const float share = column.low == q ? 1 - column.share : column.share;
        const auto gradient = load_vector<vector>(dy + s.output(n, i, j, channel));
#pragma unroll
        for (int k = 0; k < vector; ++k) sum[k] += share * static_cast<float>(gradient.element[k]);
      }
#pragma unroll
      for (int k = 0; k < vector; ++k) {
        here[k] += (1 - row.share) * sum[k];
        below[k] += row.share * sum[k];
      }
    }
    while (p < end) finish_row();
  });
}

// Strips along rows of `length`, walked like rows of an image.
ImageWalk strip_walk(const ResizeShape& s, int64_t height, int strip, int64_t width, int vector) {
  return image_walk(s.batch, (height + strip - 1) / strip, width, s.channels, vector);
}

}  // namespace

template <class T>
void resize_bilinear(const ResizeBilinearArgs<T>& args) {
  const ResizeShape& s = args.shape;
  if (s.batch * s.channels == 0) return;
  const Axis rows(s.height, s.out_height), columns(s.width, s.out_width);
  with_vector<T>(
      s.channels,
      [&](auto vector) {
        const ImageWalk walk = strip_walk(s, s.out_height, forward_strip, s.out_width, vector);
        launch("resize_bilinear", resize_bilinear_kernel<vector, T>, walk.grid, walk.block)(
            walk, ResizeSizes(s), rows.sources(), columns.sources(), args.x, args.y);
      },
      args.x, args.y);
}

template <class T>
void resize_bilinear_backward(const ResizeBilinearBackwardArgs<T>& args) {
  const ResizeShape& s = args.shape;
  if (s.batch * s.channels == 0) return;
  const Axis rows(s.height, s.out_height), columns(s.width, s.out_width);
  const int* const first_row = rows.first_outputs();
  const int* const first_column = columns.first_outputs();
  with_vector<T>(
      s.channels,
      [&](auto vector) {
        const ImageWalk walk = strip_walk(s, s.height, backward_strip, s.width, vector);
        launch("resize_bilinear_backward", resize_bilinear_backward_kernel<vector, T>, walk.grid, walk.block)(
            walk, ResizeSizes(s), rows.sources(), columns.sources(), first_row, first_column, args.dy,
            args.dx);
      },
      args.dy, args.dx);
}

template void resize_bilinear(const ResizeBilinearArgs<float>&);
template void resize_bilinear(const ResizeBilinearArgs<bfloat16>&);
template void resize_bilinear(const ResizeBilinearArgs<float16>&);
template void resize_bilinear_backward(const ResizeBilinearBackwardArgs<float>&);
template void resize_bilinear_backward(const ResizeBilinearBackwardArgs<bfloat16>&);
template void resize_bilinear_backward(const ResizeBilinearBackwardArgs<float16>&);

}  // namespace masktwins::kernels::cuda
