#include "kernels/class_mix.h"
#include "kernels/common/pixel_map.cuh"
#include "kernels/common/reduce.cuh"

namespace masktwins::kernels::cuda {
namespace {

// The labels that an image gives away, as 256 bits in shared memory: eight words in eight banks.
struct LabelSet {
  static constexpr int words = 256 / warp_size;
  static_assert(threads_per_block == 256);
  uint32_t bits[words];

  // By all threads of a block. chosen: (256)
  __device__ void load(const uint8_t* chosen) {
    const uint32_t word = __ballot_sync(all_lanes, chosen[threadIdx.x] != 0);
    if (threadIdx.x % warp_size == 0) bits[threadIdx.x / warp_size] = word;
    __syncthreads();
  }
  __device__ bool contains(uint8_t label) const { return bits[label / 32] >> label % 32 & 1; }
};

// Of one image; blockIdx.y counts images.
struct Maps {
  const uint8_t* chosen;
  const uint8_t *source_label, *target_label;
  const float* target_weight;
  uint8_t* label;
  float* weight;
};

template <int width>
__global__ void __launch_bounds__(threads_per_block)
    class_mix_maps_kernel(Maps maps, int64_t pixels, int64_t target_batch) {
  __shared__ LabelSet given;
  given.load(maps.chosen + blockIdx.y * int64_t{256});
  const int64_t source = blockIdx.y * pixels, target = blockIdx.y % target_batch * pixels;
  for (int64_t i = (int64_t{blockIdx.x} * blockDim.x + threadIdx.x) * width; i < pixels;
       i += int64_t{gridDim.x} * blockDim.x * width) {
    Vector<uint8_t, width> label = load_vector<width>(maps.source_label + source + i);
    const auto other = load_vector<width>(maps.target_label + target + i);
    auto weight = load_vector<width>(maps.target_weight + target + i);
#pragma unroll
    for (int k = 0; k < width; ++k) {
      const bool from_source = given.contains(label.element[k]);
      if (!from_source) label.element[k] = other.element[k];
      if (from_source) weight.element[k] = 1;
    }
    store_vector(maps.label + source + i, label);
    store_vector(maps.weight + source + i, weight);
  }
}

// Of the two images only that is read which an access needs.
template <class T, int width, bool one_channel>
__global__ void __launch_bounds__(threads_per_block)
    class_mix_images_kernel(const uint8_t* chosen, const uint8_t* source_label, const T* source,
                            const T* target, T* image, int64_t pixels, int64_t channels,
                            int64_t target_batch) {
  __shared__ LabelSet given;
  given.load(chosen + blockIdx.y * int64_t{256});
  const int64_t count = pixels * channels, here = blockIdx.y * count,
                there = blockIdx.y % target_batch * count;
  for (int64_t i = (int64_t{blockIdx.x} * blockDim.x + threadIdx.x) * width; i < count;
       i += int64_t{gridDim.x} * blockDim.x * width) {
    const auto label = pixel_values<width, one_channel>(source_label + blockIdx.y * pixels, i, channels);
    bool from_source[width], any_source = false, any_target = false;
#pragma unroll
    for (int k = 0; k < width; ++k) {
      from_source[k] = given.contains(label.element[k]);
      any_source |= from_source[k];
      any_target |= !from_source[k];
    }
    Vector<T, width> out, other;
    if (any_source) out = load_vector<width>(source + here + i);
    if (any_target) other = load_vector<width>(target + there + i);
#pragma unroll
    for (int k = 0; k < width; ++k)
      if (!from_source[k]) out.element[k] = other.element[k];
    store_vector(image + here + i, out);
  }
}

dim3 grid_for(int64_t items, int64_t images) {
  return {blocks_for(items, threads_per_block), static_cast<unsigned>(images)};
}

template <int width, class T>
void mix_images(const ClassMixArgs<T>& args) {
  const auto kernel =
      args.channels == 1 ? class_mix_images_kernel<T, width, true> : class_mix_images_kernel<T, width, false>;
  launch("class_mix", kernel, grid_for(args.pixels * args.channels / width, args.batch), threads_per_block)(
      args.chosen, args.source_label, args.source_image, args.target_image, args.image, args.pixels,
      args.channels, args.target_batch);
}

}  // namespace

template <class T>
void class_mix(const ClassMixArgs<T>& args) {
  if (args.batch * args.pixels == 0) return;
  const Maps maps{args.chosen,        args.source_label, args.target_label,
                  args.target_weight, args.label,        args.weight};
  constexpr int together = 4;
  const bool aligned = pack_aligned(args.source_label, args.target_label, args.target_weight, args.label,
                                    args.weight, args.source_image, args.target_image, args.image);
  const bool vectors = aligned && args.pixels % together == 0;
  launch("class_mix_maps", vectors ? class_mix_maps_kernel<together> : class_mix_maps_kernel<1>,
         grid_for(args.pixels / (vectors ? together : 1), args.batch),
         threads_per_block)(maps, args.pixels, args.target_batch);
  if (args.channels == 0) return;
  const bool packs = aligned && args.pixels % pack_size<T> == 0;
  if (packs) mix_images<pack_size<T>>(args);
  else mix_images<1>(args);
}

template void class_mix(const ClassMixArgs<float>&);
template void class_mix(const ClassMixArgs<bfloat16>&);
template void class_mix(const ClassMixArgs<float16>&);

}  // namespace masktwins::kernels::cuda
