#include "kernels/channel_sum.h"

#include <algorithm>

#include "kernels/common/parallel.h"
#include "kernels/common/scratch.h"

namespace masktwins::kernels::cpu {

template <class T>
void channel_sum(const ChannelSumArgs<T>& args) {
  // Slices by the shape alone, added in order: the bits do not depend on the threads.
  const int64_t slice_rows = std::max<int64_t>(256, ceil_div(args.rows, 64));
  const int64_t slices = ceil_div(args.rows, slice_rows);
  Scratch<T> partial(slices * args.channels);
  parallel_for(slices, 1, [&](int64_t slice, int64_t) {
    T* sum = partial.data() + slice * args.channels;
    std::fill_n(sum, args.channels, T{});
    for (int64_t row = slice * slice_rows; row < std::min(args.rows, (slice + 1) * slice_rows); ++row)
      for (int64_t c = 0; c < args.channels; ++c) sum[c] += args.x[row * args.channels + c];
  });
  std::fill_n(args.sum, args.channels, T{});
  for (int64_t slice = 0; slice < slices; ++slice)
    for (int64_t c = 0; c < args.channels; ++c) args.sum[c] += partial.data()[slice * args.channels + c];
}

template void channel_sum(const ChannelSumArgs<float>&);
template void channel_sum(const ChannelSumArgs<double>&);

}  // namespace masktwins::kernels::cpu
