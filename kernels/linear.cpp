#include "kernels/linear.h"

#include <algorithm>

#include "kernels/common/parallel.h"
#include "kernels/common/scratch.h"
#include "kernels/gemm.h"

namespace masktwins::kernels::cpu {
namespace {

constexpr int64_t rows_per_task = 48;

// c (rows, columns) = bias + a (rows, k) · b, with b in panels.
template <class T>
void multiply(int64_t rows, int64_t columns, int64_t k, const T* a, const T* panels, const T* bias, T* c) {
  const int64_t padded = padded_columns<T>(columns);
  parallel_for(rows, rows_per_task, [&](int64_t begin, int64_t end) {
    const int64_t count = end - begin;
    // gemm writes whole vectors only; rows of other lengths take the way through scratch memory.
    const bool whole_vectors = padded == columns;
    const Scratch<T> wide(whole_vectors ? 0 : count * padded);
    T* out = whole_vectors ? c + begin * columns : wide.data();
    for (int64_t i = 0; i < count && bias; ++i) {
      std::copy_n(bias, columns, out + i * padded);
      std::fill(out + i * padded + columns, out + (i + 1) * padded, T{});
    }
    gemm<T>({.m = count,
             .n = padded,
             .k = k,
             .a = a + begin * k,
             .a_row = k,
             .a_column = 1,
             .b = panels,
             .c = out,
             .c_row = padded,
             .accumulate = bias != nullptr});
    for (int64_t i = 0; i < count && !whole_vectors; ++i)
      std::copy_n(out + i * padded, columns, c + (begin + i) * columns);
  });
}

}  // namespace

template <class T>
void linear(const LinearArgs<T>& args) {
  const auto [rows, inputs, outputs] = args.shape;
  const Scratch<T> panels(inputs * padded_columns<T>(outputs));
  pack_panels(inputs, outputs, args.weight, int64_t{1}, inputs, panels.data());
  multiply(rows, outputs, inputs, args.x, panels.data(), args.bias, args.y);
}

template <class T>
void linear_backward_data(const LinearBackwardDataArgs<T>& args) {
  const auto [rows, inputs, outputs] = args.shape;
  const Scratch<T> panels(outputs * padded_columns<T>(inputs));
  pack_panels(outputs, inputs, args.weight, inputs, int64_t{1}, panels.data());
  multiply<T>(rows, inputs, outputs, args.dy, panels.data(), nullptr, args.dx);
}

// The rows are cut into slices, as many as the shape says; each sums into its own copy of the gradients, and
// the copies are added in order.
template <class T>
void linear_backward_weight(const LinearBackwardWeightArgs<T>& args) {
  const auto [rows, inputs, outputs] = args.shape;
  const int64_t padded = padded_columns<T>(inputs);
  const int64_t copy_bytes = outputs * padded * static_cast<int64_t>(sizeof(T));
  const int64_t most_slices = std::clamp<int64_t>(ceil_div(rows, 512), 1, 16);
  const int64_t slices =
      std::clamp<int64_t>((int64_t{4} << 20) / std::max<int64_t>(1, copy_bytes), 1, most_slices);
  constexpr int64_t group = 96;  // outputs of one task
  const int64_t groups = ceil_div(outputs, group);
  const int64_t block =  // rows whose panels fill a part of the second-level cache
      std::clamp<int64_t>((int64_t{256} << 10) / (padded * static_cast<int64_t>(sizeof(T)) + 1), 48, 512);

  const Scratch<T> weight_sums(slices * outputs * padded), bias_sums(slices * outputs);
  std::fill_n(weight_sums.data(), slices * outputs * padded, T{});
  std::fill_n(bias_sums.data(), slices * outputs, T{});
  parallel_for(slices * groups, 1, [&](int64_t task, int64_t) {
    const int64_t slice = task / groups, first = task % groups * group;
    const int64_t count = std::min(group, outputs - first);
    const int64_t end = rows * (slice + 1) / slices;
    T* bias_sum = bias_sums.data() + slice * outputs + first;
    const Scratch<T> panels(block * padded);
    for (int64_t row = rows * slice / slices; row < end; row += block) {
      const int64_t height = std::min(block, end - row);
      const T* dy = args.dy + row * outputs + first;
      pack_panels(height, inputs, args.x + row * inputs, inputs, int64_t{1}, panels.data());
      gemm<T>({.m = count,
               .n = padded,
               .k = height,
               .a = dy,
               .a_row = 1,
               .a_column = outputs,
               .b = panels.data(),
               .c = weight_sums.data() + (slice * outputs + first) * padded,
               .c_row = padded,
               .accumulate = true});
      for (int64_t i = 0; i < height && args.dbias; ++i)
        for (int64_t o = 0; o < count; ++o) bias_sum[o] += dy[i * outputs + o];
    }
  });

  parallel_for(outputs, 16, [&](int64_t begin, int64_t end) {
    for (int64_t o = begin; o < end; ++o) {
      T* row = args.dweight + o * inputs;
      std::copy_n(weight_sums.data() + o * padded, inputs, row);
      for (int64_t slice = 1; slice < slices; ++slice) {
        const T* more = weight_sums.data() + (slice * outputs + o) * padded;
        for (int64_t c = 0; c < inputs; ++c) row[c] += more[c];
      }
      if (!args.dbias) continue;
      args.dbias[o] = T{};
      for (int64_t slice = 0; slice < slices; ++slice) args.dbias[o] += bias_sums.data()[slice * outputs + o];
    }
  });
}

template void linear(const LinearArgs<float>&);
template void linear(const LinearArgs<double>&);
template void linear_backward_data(const LinearBackwardDataArgs<float>&);
template void linear_backward_data(const LinearBackwardDataArgs<double>&);
template void linear_backward_weight(const LinearBackwardWeightArgs<float>&);
template void linear_backward_weight(const LinearBackwardWeightArgs<double>&);

}  // namespace masktwins::kernels::cpu
