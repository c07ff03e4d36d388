#include "kernels/dropout.h"

#include "kernels/common/parallel.h"
#include "kernels/common/scratch.h"

namespace masktwins::kernels::cpu {

template <class T>
void dropout(const DropoutArgs<T>& args) {
  const auto [samples, rows, channels, x, y, probability, whole_samples, key, step] = args;
  // What each channel of each sample is multiplied by.
  const Scratch<T> factors(samples * channels);
  for (int64_t i = 0; i < samples * channels; ++i) {
    const int64_t group = whole_samples ? i / channels : i;
    const float u = uniform01(philox(key, step, static_cast<uint64_t>(group)).word[0]);
    factors.data()[i] = static_cast<double>(u) >= probability ? static_cast<T>(1 / (1 - probability)) : T{0};
  }
  const int64_t grain = ceil_div(1 << 15, channels + 1);
  parallel_for(samples * rows, grain,
               [&, rows = rows, channels = channels, x = x, y = y](int64_t begin, int64_t end) {
                 for (int64_t row = begin; row < end; ++row) {
                   const T* factor = factors.data() + row / rows * channels;
#pragma omp simd
                   for (int64_t c = 0; c < channels; ++c)
                     y[row * channels + c] = x[row * channels + c] * factor[c];
                 }
               });
}

template void dropout(const DropoutArgs<float>&);
template void dropout(const DropoutArgs<double>&);

}  // namespace masktwins::kernels::cpu
