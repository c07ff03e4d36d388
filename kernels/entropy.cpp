#include "kernels/entropy.h"

#include "kernels/common/parallel.h"
#include "kernels/common/pixel_block.h"

namespace masktwins::kernels::cpu {
namespace {

constexpr int64_t grain = 1 << 12;

// Per pixel of a block that holds z - max z: log s and H.
template <class T>
struct BlockEntropy {
  static constexpr int64_t width = PixelBlock<T>::width;
  alignas(64) T sum[width], log_sum[width], entropy[width];

  explicit BlockEntropy(PixelBlock<T>& block) {
    alignas(64) T weighted[width] = {};
    std::fill_n(sum, width, T{0});
    for (int64_t k = 0; k < block.channels(); ++k) {
      const T* z = block.channel(k);
#pragma omp simd
      for (int64_t p = 0; p < width; ++p) {
        const T e = exp_nonpositive(z[p]);
        sum[p] += e;
        weighted[p] += e * z[p];
      }
    }
#pragma omp simd
    for (int64_t p = 0; p < width; ++p) {
      log_sum[p] = log_at_least_one(sum[p]);
      entropy[p] = log_sum[p] - weighted[p] / sum[p];
    }
  }
};

}  // namespace

template <class T>
void entropy(const EntropyArgs<T>& args) {
  const double total = parallel_sum<double>(args.pixels, grain, [&](int64_t begin, int64_t end) {
    PixelBlock<T> block(args.classes);
    alignas(64) T largest[PixelBlock<T>::width];
    double partial = 0;
    for_each_pixel_block<T>(begin, end, [&](int64_t first, int64_t pixels) {
      block.load(args.logits + first * args.classes, pixels);
      block.subtract_largest(largest);
      const BlockEntropy<T> result(block);
      for (int64_t p = 0; p < pixels; ++p) partial += static_cast<double>(result.entropy[p]);
    });
    return partial;
  });
  *args.loss = static_cast<T>(total / static_cast<double>(args.pixels));
}

template <class T>
void entropy_backward(const EntropyBackwardArgs<T>& args) {
  constexpr int64_t width = PixelBlock<T>::width;
  const T factor = -*args.dloss / static_cast<T>(args.pixels);
  parallel_for(args.pixels, grain, [&](int64_t begin, int64_t end) {
    PixelBlock<T> block(args.classes);
    alignas(64) T largest[width];
    for_each_pixel_block<T>(begin, end, [&](int64_t first, int64_t pixels) {
      block.load(args.logits + first * args.classes, pixels);
      block.subtract_largest(largest);
      const BlockEntropy<T> result(block);
      for (int64_t k = 0; k < args.classes; ++k) {
        T* z = block.channel(k);
#pragma omp simd
        for (int64_t p = 0; p < width; ++p) {
          const T slope = factor * exp_nonpositive(z[p]) / result.sum[p];
          z[p] = slope * (z[p] - result.log_sum[p] + result.entropy[p]);
        }
      }
      block.store(args.dlogits + first * args.classes, pixels);
    });
  });
}

template void entropy(const EntropyArgs<float>&);
template void entropy(const EntropyArgs<double>&);
template void entropy_backward(const EntropyBackwardArgs<float>&);
template void entropy_backward(const EntropyBackwardArgs<double>&);

}  // namespace masktwins::kernels::cpu
