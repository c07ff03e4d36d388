#include "kernels/class_mix.h"

#include <algorithm>

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {
namespace {

constexpr int64_t tile = 1 << 12;  // pixels of a chunk

}  // namespace

template <class T>
void class_mix(const ClassMixArgs<T>& args) {
  const int64_t tiles = ceil_div(args.pixels, tile), channels = args.channels;
  parallel_for(args.batch * tiles, 1, [&](int64_t index, int64_t) {
    const int64_t image = index / tiles, begin = index % tiles * tile;
    const int64_t count = std::min(tile, args.pixels - begin);
    const int64_t here = image * args.pixels + begin;
    const int64_t there = image % args.target_batch * args.pixels + begin;
    const uint8_t* chosen = args.chosen + image * 256;
    for (int64_t i = 0; i < count; ++i) {
      const uint8_t label = args.source_label[here + i];
      const bool from_source = chosen[label] != 0;
      args.label[here + i] = from_source ? label : args.target_label[there + i];
      args.weight[here + i] = from_source ? T{1} : args.target_weight[there + i];
      const T* pixel = from_source ? args.source_image + (here + i) * channels
                                   : args.target_image + (there + i) * channels;
      for (int64_t c = 0; c < channels; ++c) args.image[(here + i) * channels + c] = pixel[c];
    }
  });
}

template void class_mix(const ClassMixArgs<float>&);
template void class_mix(const ClassMixArgs<double>&);

}  // namespace masktwins::kernels::cpu
