#include "kernels/apply_mask.h"
#include "kernels/common/launch.cuh"
#include "kernels/common/pixel_map.cuh"

namespace masktwins::kernels::cuda {
namespace {

constexpr int views_at_once = 4;

template <class T>
struct Views {
  T* view[views_at_once];
  int count;
  int first;  // index that view 0 shows
};

template <int width, bool one_channel, class T>
__device__ __forceinline__ void mask_elements(const T* x, const uint8_t* index, int64_t first,
                                              int64_t channels, const Views<T>& views) {
  const Vector<T, width> in = load_vector<width>(x + first);
  const Vector<uint8_t, width> shown = pixel_values<width, one_channel>(index, first, channels);
#pragma unroll
  for (int j = 0; j < views_at_once; ++j) {
    if (j >= views.count) break;
    Vector<T, width> out;
#pragma unroll
    for (int k = 0; k < width; ++k)
      out.element[k] = shown.element[k] == views.first + j ? in.element[k] : static_cast<T>(0.0f);
    store_vector(views.view[j] + first, out);
  }
}

template <class T, bool one_channel>
__global__ void __launch_bounds__(threads_per_block)
    apply_mask_kernel(const T* x, const uint8_t* index, int64_t packs, int64_t count, int64_t channels,
                      Views<T> views) {
  const int64_t thread = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const int64_t threads = int64_t{gridDim.x} * blockDim.x;
  for (int64_t i = thread; i < packs; i += threads)
    mask_elements<pack_size<T>, one_channel>(x, index, i * pack_size<T>, channels, views);
  for (int64_t i = packs * pack_size<T> + thread; i < count; i += threads)
    mask_elements<1, one_channel>(x, index, i, channels, views);
}

}  // namespace

// x is read once for up to four views.
template <class T>
void apply_mask(const ApplyMaskArgs<T>& args) {
  const int64_t count = args.pixels * args.channels;
  if (count == 0) return;
  for (int64_t begin = 0; begin < args.views; begin += views_at_once) {
    Views<T> views{{},
                   static_cast<int>(std::min<int64_t>(views_at_once, args.views - begin)),
                   static_cast<int>(args.first + begin)};
    bool aligned = pack_aligned(args.x, args.index);
    for (int j = 0; j < views.count; ++j) {
      views.view[j] = args.view[begin + j];
      aligned = aligned && pack_aligned(views.view[j]);
    }
    const int64_t packs = aligned ? count / pack_size<T> : 0;
    const auto kernel = args.channels == 1 ? apply_mask_kernel<T, true> : apply_mask_kernel<T, false>;
    launch("apply_mask", kernel, blocks_for(packs > 0 ? packs : count, threads_per_block), threads_per_block)(
        args.x, args.index, packs, count, args.channels, views);
  }
}

template void apply_mask(const ApplyMaskArgs<float>&);
template void apply_mask(const ApplyMaskArgs<bfloat16>&);
template void apply_mask(const ApplyMaskArgs<float16>&);

}  // namespace masktwins::kernels::cuda
