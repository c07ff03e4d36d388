// How blocks walk arrays (samples, rows, channels), the layout of images and of tokens: a thread owns `width`
// neighbouring channels, a column, and walks down rows; neighbouring threads read neighbouring memory. The
// rows of a sample are cut into chunks, one per block, by the shape alone, so that sums repeat every bit.
#pragma once

#include <algorithm>
#include <type_traits>

#include "kernels/common/pack.cuh"
#include "kernels/common/reduce.cuh"

namespace masktwins::kernels::cuda {

struct ChannelWalk {
  int64_t samples, rows, channels;
  int64_t chunk_rows;
  int chunks;  // of one sample; 32 bits, because 64-bit divisions are slow and need registers
  int width;   // channels per thread: a pack, or 1
  dim3 block;  // (columns, rows)
  dim3 grid;   // (chunks of all samples, column blocks)

  __host__ __device__ int64_t rows_in(int64_t chunk) const {
    const int64_t left = rows - chunk * chunk_rows;
    return left < chunk_rows ? left : chunk_rows;
  }
};

// The walk over arrays of T at these addresses.
template <class T, class... P>
ChannelWalk channel_walk(int64_t samples, int64_t rows, int64_t channels, const P*... arrays) {
  constexpr int64_t most_columns = 64, least_rows_per_thread = 4;
  ChannelWalk walk{samples, rows, channels, 0, 0, 1, {}, {}};
  if (channels % pack_size<T> == 0 && pack_aligned(arrays...)) walk.width = pack_size<T>;
  const int64_t columns = channels / walk.width;
  walk.block.x = static_cast<unsigned>(std::min(columns, most_columns));
  walk.block.y = threads_per_block / walk.block.x;
  walk.grid.y = static_cast<unsigned>((columns + walk.block.x - 1) / walk.block.x);
  const int64_t most_chunks = std::max<int64_t>(1, most_blocks / std::max<int64_t>(1, samples * walk.grid.y));
  walk.chunk_rows = std::max(least_rows_per_thread * walk.block.y, (rows + most_chunks - 1) / most_chunks);
  walk.chunks = static_cast<int>((rows + walk.chunk_rows - 1) / walk.chunk_rows);
  walk.grid.x = static_cast<unsigned>(samples * walk.chunks);
  return walk;
}

// Calls body with the walk's width as a constant of the compiler.
template <class T, class Body>
void with_width(const ChannelWalk& walk, Body&& body) {
  if (walk.width == 1) body(std::integral_constant<int, 1>{});
  else body(std::integral_constant<int, pack_size<T>>{});
}

// Where a thread of the walk stands.
struct ChannelPlace {
  int64_t sample, chunk, channel;  // channel: its first
  int64_t row, end;                // first and past the last row, in all samples
  int64_t step;                    // from one of its rows to the next
  bool inside;

  __device__ explicit ChannelPlace(const ChannelWalk& walk)
      : sample(blockIdx.x / static_cast<unsigned>(walk.chunks)),
        chunk(blockIdx.x % static_cast<unsigned>(walk.chunks)),
        channel((int64_t{blockIdx.y} * blockDim.x + threadIdx.x) * walk.width),
        row(sample * walk.rows + chunk * walk.chunk_rows),
        end(row + walk.rows_in(chunk)),
        step(blockDim.y),
        inside(channel < walk.channels) {
    row += threadIdx.y;
  }
};

// out[i] = p[i], in packs where p allows it: the parameters of a thread's channels.
template <int count, class T>
__device__ __forceinline__ void load_elements(const T* p, T (&out)[count]) {
  if constexpr (count % pack_size<T> == 0) {
    if (reinterpret_cast<std::uintptr_t>(p) % 16 == 0) {
#pragma unroll
      for (int i = 0; i < count; i += pack_size<T>) {
        const Pack<T> pack = load_pack(p + i);
#pragma unroll
        for (int k = 0; k < pack_size<T>; ++k) out[i + k] = pack.element[k];
      }
      return;
    }
  }
#pragma unroll
  for (int i = 0; i < count; ++i) out[i] = p[i];
}

// Combines `values` of the threads of each column, in a fixed order; those of threadIdx.y = 0 receive the
// result. `shared` holds count values per thread.
template <int count, class Combine>
__device__ __forceinline__ void fold_columns(float (&values)[count], float* shared, Combine combine) {
  const int thread = threadIdx.y * blockDim.x + threadIdx.x;
  for (int rows = blockDim.y; rows > 1; rows = (rows + 1) / 2) {
    const int half = (rows + 1) / 2, row = threadIdx.y;
    if (row >= half && row < rows)
      for (int i = 0; i < count; ++i) shared[i * threads_per_block + thread] = values[i];
    __syncthreads();
    if (row + half < rows) {
      float other[count];
      for (int i = 0; i < count; ++i) other[i] = shared[i * threads_per_block + thread + half * blockDim.x];
      combine(values, other);
    }
    __syncthreads();
  }
}

// partial[(s, sample, channel), chunk] = sum over the rows of a chunk of what f adds to sum s.
// f.lanes(sample, channel) are constants of a thread's channels, f.add(lanes, element, sums) adds one row to
// F::sums x width sums.
template <int width, class F>
__global__ void __launch_bounds__(threads_per_block)
    channel_sums_kernel(F f, ChannelWalk walk, float* partial) {
  constexpr int count = F::sums * width;
  __shared__ float shared[count * threads_per_block];
  const ChannelPlace place(walk);
  float sums[count] = {};
  if (place.inside) {
    const auto lanes = f.template lanes<width>(place.sample, place.channel);
#pragma unroll 1  // more would spill registers on Blackwell
    for (int64_t row = place.row; row < place.end; row += place.step)
      f.template add<width>(lanes, row * walk.channels + place.channel, sums);
  }
  fold_columns(sums, shared, [](float(&a)[count], const float(&b)[count]) {
    for (int i = 0; i < count; ++i) a[i] += b[i];
  });
  if (!place.inside || threadIdx.y != 0) return;
  for (int i = 0; i < count; ++i) {
    const int64_t sum = (i / width * walk.samples + place.sample) * walk.channels + place.channel + i % width;
    partial[sum * walk.chunks + place.chunk] = sums[i];
  }
}

// out[i] = sum of partial[i, 0 .. chunks), one warp each.
template <class Out>
__global__ void __launch_bounds__(threads_per_block)
    sum_chunks_kernel(const float* partial, int64_t count, int64_t chunks, Out* out) {
  const int64_t i = (int64_t{blockIdx.x} * blockDim.x + threadIdx.x) / warp_size;
  if (i >= count) return;
  double sum = 0;
  for (int64_t chunk = threadIdx.x % warp_size; chunk < chunks; chunk += warp_size)
    sum += static_cast<double>(partial[i * chunks + chunk]);
  sum = warp_reduce(sum);
  if (threadIdx.x % warp_size == 0) out[i] = static_cast<Out>(static_cast<Wide<Out>>(sum));
}

inline unsigned blocks_of_warps(int64_t warps) {
  constexpr int64_t per_block = threads_per_block / warp_size;
  return static_cast<unsigned>((warps + per_block - 1) / per_block);
}

// out[s, sample, channel] = sum over rows of what f adds, see channel_sums_kernel.
template <class T, class F, class Out>
void channel_sums(const char* name, const F& f, const ChannelWalk& walk, Out* out) {
  const int64_t count = F::sums * walk.samples * walk.channels;
  if (count == 0) return;
  const DeviceScratch<float> partial(std::max<int64_t>(1, count * walk.chunks));
  if (walk.chunks > 0)
    with_width<T>(walk, [&](auto width) {
      launch(name, channel_sums_kernel<width, F>, walk.grid, walk.block)(f, walk, partial.data());
    });
  launch(name, sum_chunks_kernel<Out>, blocks_of_warps(count), threads_per_block)(partial.data(), count,
                                                                                  walk.chunks, out);
}

}  // namespace masktwins::kernels::cuda
