#include "kernels/choose_classes.h"
#include "kernels/common/pack.cuh"
#include "kernels/common/reduce.cuh"

namespace masktwins::kernels::cuda {
namespace {

constexpr int words = label_values / 32;
static_assert(threads_per_block == label_values);

// Adds the labels that occur to 256 bits. Neighbours mostly agree, so most labels cost one comparison.
__global__ void __launch_bounds__(threads_per_block)
    labels_present_kernel(const uint8_t* label, int64_t packs, int64_t count, uint32_t* present) {
  __shared__ uint32_t bits[words];
  if (threadIdx.x < words) bits[threadIdx.x] = 0;
  __syncthreads();
  const int64_t thread = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const int64_t threads = int64_t{gridDim.x} * blockDim.x;
  int last = -1;
  const auto add = [&](int value) {
    if (value != last) atomicOr(&bits[value / 32], 1u << value % 32);
    last = value;
  };
  for (int64_t i = thread; i < packs; i += threads) {
    const Pack<uint8_t> pack = load_pack(label + i * pack_size<uint8_t>);
#pragma unroll
    for (const uint8_t value : pack.element) add(value);
  }
  for (int64_t i = packs * pack_size<uint8_t> + thread; i < count; i += threads) add(label[i]);
  __syncthreads();
  if (threadIdx.x < words) atomicOr(&present[threadIdx.x], bits[threadIdx.x]);
}

// A block shuffles the deck of an image: draws together, exchanges cards one after the other.
__global__ void __launch_bounds__(threads_per_block)
    choose_classes_kernel(ChooseClassesArgs args, const uint32_t* present) {
  __shared__ uint8_t deck[label_values], other[label_values], chosen[label_values];
  const int value = threadIdx.x;
  int count = 0, before = 0;  // values in all, and those smaller than this thread's
  for (int word = 0; word < words; ++word) {
    const uint32_t bits = present[word];
    count += __popc(bits);
    if (word < value / 32) before += __popc(bits);
    if (word == value / 32) before += __popc(bits & ((1u << value % 32) - 1));
  }
  const int half = (count + 1) / 2;
  if (present[value / 32] >> value % 32 & 1) deck[before] = static_cast<uint8_t>(value);
  if (value < half)
    other[value] = static_cast<uint8_t>(drawn_card(args.key, args.step, blockIdx.x, value, count));
  chosen[value] = 0;
  __syncthreads();
  if (threadIdx.x == 0)
    for (int i = 0; i < half; ++i) {
      const uint8_t card = deck[other[i]];
      deck[other[i]] = deck[i];
      deck[i] = card;
      chosen[card] = 1;
    }
  __syncthreads();
  args.chosen[int64_t{blockIdx.x} * label_values + value] = chosen[value];
}

}  // namespace

void choose_classes(const ChooseClassesArgs& args) {
  if (args.images == 0) return;
  const DeviceScratch<uint32_t> present(words);
  clear(present.data(), words * sizeof(uint32_t));
  const int64_t count = args.images * args.pixels;
  const int64_t packs = pack_aligned(args.label) ? count / pack_size<uint8_t> : 0;
  launch("labels_present", labels_present_kernel,
         blocks_for(packs > 0 ? packs : count, 4 * threads_per_block),
         threads_per_block)(args.label, packs, count, present.data());
  launch("choose_classes", choose_classes_kernel, static_cast<unsigned>(args.images), threads_per_block)(
      args, present.data());
}

}  // namespace masktwins::kernels::cuda
