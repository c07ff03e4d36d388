#include "kernels/max_pool2d.h"

#include "kernels/common/parallel.h"
#include "kernels/common/vec.h"

namespace masktwins::kernels::cpu {
namespace {

// Taps of a vector of channels: as wide as the values while they are compared, one byte each in memory.
template <class T>
using WideTaps = decltype(Vec<T>{} > Vec<T>{});
template <class T>
struct Bytes {
  typedef uint8_t type __attribute__((vector_size(lanes<T>)));
  typedef uint16_t widened __attribute__((vector_size(2 * lanes<T>)));
};

template <class T>
WideTaps<T> all_lanes(int64_t tap) {
  return broadcast_as<WideTaps<T>>(static_cast<int>(tap));
}

// Copies the taps of `count` channels, at most a vector of them; the usual length is known to the compiler.
template <class T>
void copy_taps(void* to, const void* from, int64_t count) {
  if (count >= lanes<T>) std::memcpy(to, from, lanes<T>);
  else std::memcpy(to, from, static_cast<std::size_t>(count));
}

template <class T>
void store_taps(uint8_t* to, WideTaps<T> taps, int64_t count) {
  const auto bytes = __builtin_convertvector(taps, typename Bytes<T>::type);
  copy_taps<T>(to, &bytes, count);
}

template <class T>
WideTaps<T> load_taps(const uint8_t* from, int64_t count) {
  typename Bytes<T>::type bytes{};
  copy_taps<T>(&bytes, from, count);
  // In two steps, each of which is one instruction.
  return __builtin_convertvector(__builtin_convertvector(bytes, typename Bytes<T>::widened), WideTaps<T>);
}

// Rows of pixels per unit of work: about 32768 elements.
int64_t row_grain(int64_t width, int64_t channels) {
  return ceil_div(1 << 15, std::max<int64_t>(1, width * channels));
}

// The part [begin, end) of a window of `kernel` positions starting at `start` that lies inside [0, size).
struct Range {
  int64_t begin, end;
};
Range inside(int64_t start, int64_t kernel, int64_t size) {
  return {std::max<int64_t>(0, -start), std::min(kernel, size - start)};
}

// The windows [begin, end) along one axis that cover position p.
Range windows_over(int64_t p, const MaxPool2dShape& s, int64_t count) {
  const int64_t shifted = p + s.padding;
  const int64_t begin = shifted < s.kernel ? 0 : (shifted - s.kernel) / s.stride + 1;
  return {begin, std::min(count, shifted / s.stride + 1)};
}

}  // namespace

template <class T>
void max_pool2d(const MaxPool2dArgs<T>& args) {
  const MaxPool2dShape& s = args.shape;
  const int64_t out_height = s.out_height(), out_width = s.out_width(), channels = s.channels;
  parallel_for(s.batch * out_height, row_grain(out_width, channels), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t n = row / out_height, top = row % out_height * s.stride - s.padding;
      const Range rows = inside(top, s.kernel, s.height);
      for (int64_t j = 0; j < out_width; ++j) {
        const int64_t left = j * s.stride - s.padding;
        const Range columns = inside(left, s.kernel, s.width);
        const int64_t out = (row * out_width + j) * channels;
        for (int64_t c = 0; c < channels; c += lanes<T>) {
          const int64_t count = channels - c;
          const auto values = [&](int64_t u, int64_t v) {
            const int64_t pixel = (n * s.height + top + u) * s.width + left + v;
            return load_partial(args.x + pixel * channels + c, count);
          };
          Vec<T> best = values(rows.begin, columns.begin);
          WideTaps<T> tap = all_lanes<T>(rows.begin * s.kernel + columns.begin);
          for (int64_t u = rows.begin; u < rows.end; ++u)
            for (int64_t v = columns.begin; v < columns.end; ++v) {
              const Vec<T> x = values(u, v);
              const WideTaps<T> wins = (x > best) | ((x != x) & (best == best));
              best = wins ? x : best;
              tap = wins ? all_lanes<T>(u * s.kernel + v) : tap;
            }
          store_partial(args.y + out + c, best, count);
          store_taps<T>(args.tap + out + c, tap, count);
        }
      }
    }
  });
}

template <class T>
void max_pool2d_backward(const MaxPool2dBackwardArgs<T>& args) {
  const MaxPool2dShape& s = args.shape;
  const int64_t out_height = s.out_height(), out_width = s.out_width(), channels = s.channels;
  parallel_for(s.batch * s.height, row_grain(s.width, channels), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t n = row / s.height, p = row % s.height;
      const Range rows = windows_over(p, s, out_height);
      for (int64_t q = 0; q < s.width; ++q) {
        const Range columns = windows_over(q, s, out_width);
        for (int64_t c = 0; c < channels; c += lanes<T>) {
          const int64_t count = channels - c;
          Vec<T> sum{};
          for (int64_t i = rows.begin; i < rows.end; ++i)
            for (int64_t j = columns.begin; j < columns.end; ++j) {
              const int64_t window = ((n * out_height + i) * out_width + j) * channels + c;
              const int64_t u = p + s.padding - i * s.stride, v = q + s.padding - j * s.stride;
              const WideTaps<T> here =
                  load_taps<T>(args.tap + window, count) == all_lanes<T>(u * s.kernel + v);
              sum += here ? load_partial(args.dy + window, count) : Vec<T>{};
            }
          store_partial(args.dx + (row * s.width + q) * channels + c, sum, count);
        }
      }
    }
  });
}

template void max_pool2d(const MaxPool2dArgs<float>&);
template void max_pool2d(const MaxPool2dArgs<double>&);
template void max_pool2d_backward(const MaxPool2dBackwardArgs<float>&);
template void max_pool2d_backward(const MaxPool2dBackwardArgs<double>&);

}  // namespace masktwins::kernels::cpu
