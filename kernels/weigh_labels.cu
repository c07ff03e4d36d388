#include <cmath>

#include "kernels/common/launch.cuh"
#include "kernels/common/pack.cuh"
#include "kernels/weigh_labels.h"

namespace masktwins::kernels::cuda {
namespace {

using Count = unsigned long long;
using Values = Pack<float>;

constexpr unsigned all_lanes = 0xffffffffu;
constexpr int most_counts = 256;  // sure pixels, and 255 classes

// count[0] += pixels with probability >= sure, count[1 + k] += pixels with label k. Whole numbers, so the
// order of the additions changes nothing. Lanes with equal labels add as one.
__global__ void __launch_bounds__(threads_per_block)
    count_labels_kernel(int64_t pixels, int counts, float sure, const uint8_t* label,
                        const float* probability, Count* count) {
  __shared__ int shared[most_counts];
  for (int k = threadIdx.x; k < counts; k += blockDim.x) shared[k] = 0;
  __syncthreads();
  const int lane = threadIdx.x % 32;
  const int64_t threads = int64_t{gridDim.x} * blockDim.x;
  for (int64_t first = int64_t{blockIdx.x} * blockDim.x; first < pixels; first += threads) {
    const int64_t i = first + threadIdx.x;
    const int mine = i < pixels ? 1 + label[i] : -1;
    const unsigned sure_lanes = __ballot_sync(all_lanes, i < pixels && probability[i] >= sure);
    const unsigned same = __match_any_sync(all_lanes, mine);
    if (lane == 0) atomicAdd(&shared[0], __popc(sure_lanes));
    if (mine > 0 && lane == __ffs(same) - 1) atomicAdd(&shared[mine], __popc(same));
  }
  __syncthreads();
  for (int k = threadIdx.x; k < counts; k += blockDim.x) atomicAdd(&count[k], static_cast<Count>(shared[k]));
}

__global__ void shares_kernel(int counts, double pixels, const Count* count, float* shares) {
  for (int k = threadIdx.x; k < counts; k += blockDim.x)
    shares[k] = static_cast<float>(static_cast<double>(count[k]) / pixels);
}

__global__ void __launch_bounds__(threads_per_block)
    weigh_labels_kernel(int64_t packs, int64_t pixels, float least, const float* quality,
                        const float* probability, float* weight) {
  const float value = quality ? *quality : 1;
  const int64_t thread = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const int64_t threads = int64_t{gridDim.x} * blockDim.x;
  for (int64_t i = thread; i < packs; i += threads) {
    Values pack = load_pack(probability + i * pack_size<float>);
#pragma unroll
    for (float& element : pack.element) element = element >= least ? value : 0;
    store_pack(weight + i * pack_size<float>, pack);
  }
  for (int64_t i = packs * pack_size<float> + thread; i < pixels; i += threads)
    weight[i] = probability[i] >= least ? value : 0;
}

// The least float not below: p >= threshold compares the same for every float p.
float round_up(double threshold) {
  const float nearest = static_cast<float>(threshold);
  return static_cast<double>(nearest) < threshold ? std::nextafter(nearest, HUGE_VALF) : nearest;
}

}  // namespace

void weigh_labels(const WeighLabelsArgs<float>& args) {
  if (args.pixels == 0) return;
  const int counts = static_cast<int>(1 + args.classes);
  const DeviceScratch<Count> count(counts);
  clear(count.data(), static_cast<std::size_t>(counts) * sizeof(Count));
  launch("count_labels", count_labels_kernel, blocks_for(args.pixels, 8 * threads_per_block),
         threads_per_block)(args.pixels, counts, round_up(args.sure), args.label, args.probability,
                            count.data());
  launch("shares", shares_kernel, 1, threads_per_block)(counts, static_cast<double>(args.pixels),
                                                        count.data(), args.shares);
  const int64_t packs = pack_aligned(args.probability, args.weight) ? args.pixels / pack_size<float> : 0;
  launch("weigh_labels", weigh_labels_kernel, blocks_for(packs > 0 ? packs : args.pixels, threads_per_block),
         threads_per_block)(packs, args.pixels, round_up(args.least), args.by_quality ? args.shares : nullptr,
                            args.probability, args.weight);
}

}  // namespace masktwins::kernels::cuda
