#include "kernels/normalize.h"

#include <cmath>
#include <limits>

#include "kernels/common/parallel.h"

namespace masktwins::kernels::cpu {
namespace {

// How the memory of a sample is walked. A chunk is one unit of work that stays in the cache; a bundle is so
// many rows that the inner loop is long enough for vectors even with few channels: lane j of a bundle belongs
// to channel j % channels.
class Chunks {
 public:
  explicit Chunks(const RegionShape& shape) : shape_(shape) {
    const int64_t bundle_rows = ceil_div(256, shape.channels);
    chunk_rows_ = ceil_div(std::max<int64_t>(64, 32768 / shape.channels), bundle_rows) * bundle_rows;
    width = bundle_rows * shape.channels;
    per_sample = ceil_div(shape.rows, chunk_rows_);
    count = shape.samples * per_sample;
  }

  // Calls body(chunk, sample, first element, number of elements).
  template <class Body>
  void for_each(Body&& body) const {
    parallel_for(count, 1, [&](int64_t begin, int64_t end) {
      for (int64_t chunk = begin; chunk < end; ++chunk) {
        const int64_t sample = chunk / per_sample, first_row = chunk % per_sample * chunk_rows_;
        body(chunk, sample, (sample * shape_.rows + first_row) * shape_.channels,
             rows(chunk) * shape_.channels);
      }
    });
  }

  int64_t rows(int64_t chunk) const {
    return std::min(chunk_rows_, shape_.rows - chunk % per_sample * chunk_rows_);
  }

  int64_t width;       // elements per bundle
  int64_t per_sample;  // chunks
  int64_t count;       // chunks in all

 private:
  RegionShape shape_;
  int64_t chunk_rows_;
};

// Calls body(offset, lanes) for each bundle of a chunk; the last may be shorter.
template <class Body>
void for_each_bundle(int64_t count, int64_t width, Body&& body) {
  for (int64_t offset = 0; offset < count; offset += width) body(offset, std::min(width, count - offset));
}

template <class T>
using Table = std::vector<T>;

std::size_t size(int64_t count) { return static_cast<std::size_t>(count); }

// Adds up the lanes of each channel.
template <class T>
void fold(const Table<T>& lanes, int64_t channels, double* sums) {
  std::fill(sums, sums + channels, 0.0);
  for (std::size_t j = 0; j < lanes.size(); j += size(channels))
    for (std::size_t c = 0; c < size(channels); ++c) sums[c] += static_cast<double>(lanes[j + c]);
}

// Fills the lanes of a bundle with value(channel).
template <class T, class Value>
void spread(T* lanes, int64_t width, int64_t channels, Value&& value) {
  for (int64_t c = 0; c < channels; ++c) lanes[c] = static_cast<T>(value(c));
  for (int64_t j = channels; j < width; ++j) lanes[j] = lanes[j - channels];
}

// Per channel of one chunk: its mean, and the sum of squared distances from it.
template <class T>
void chunk_moments(const T* x, int64_t count, int64_t channels, int64_t width, double* means,
                   double* squares) {
  const double rows = static_cast<double>(count / channels);
  Table<T> sum(size(width), T{0}), mean(size(width));
  for_each_bundle(count, width, [&](int64_t offset, int64_t lanes) {
    const T* in = x + offset;
    T* out = sum.data();
#pragma omp simd
    for (int64_t j = 0; j < lanes; ++j) out[j] += in[j];
  });
  fold(sum, channels, means);
  for (int64_t c = 0; c < channels; ++c) means[c] /= rows;
  spread(mean.data(), width, channels, [&](int64_t c) { return means[c]; });

  std::fill(sum.begin(), sum.end(), T{0});
  for_each_bundle(count, width, [&](int64_t offset, int64_t lanes) {
    const T* in = x + offset;
    const T* center = mean.data();
    T* out = sum.data();
#pragma omp simd
    for (int64_t j = 0; j < lanes; ++j) {
      const T distance = in[j] - center[j];
      out[j] += distance * distance;
    }
  });
  fold(sum, channels, squares);
}

// The lanes of y = (x - center) * factor + offset for one bundle of each sample.
template <class T>
struct Affine {
  int64_t width;
  Table<T> center, factor, offset;

  struct Lanes {
    const T *center, *factor, *offset;
  };
  Lanes lanes(int64_t sample) const {
    const std::size_t first = size(sample * width);
    return {&center[first], &factor[first], &offset[first]};
  }

  template <class Args>
  Affine(const Args& args, int64_t bundle_width)
      : width(bundle_width),
        center(size(args.shape.samples * width)),
        factor(center.size()),
        offset(center.size()) {
    const int64_t channels = args.shape.channels, groups = args.shape.groups;
    const int64_t group_size = channels / groups;
    parallel_for(args.shape.samples, 1, [&](int64_t sample, int64_t) {
      const int64_t region = sample * groups, first = sample * width;
      spread(&center[size(first)], width, channels,
             [&](int64_t c) { return args.mean[region + c / group_size]; });
      spread(&factor[size(first)], width, channels, [&](int64_t c) {
        const double weight = args.weight == nullptr ? 1.0 : static_cast<double>(args.weight[c]);
        return weight / std::sqrt(static_cast<double>(args.variance[region + c / group_size]) + args.eps);
      });
      spread(&offset[size(first)], width, channels,
             [&](int64_t c) { return args.bias == nullptr ? T{0} : args.bias[c]; });
    });
  }
};

// y below this becomes this: the ReLU, or nothing.
template <class T>
T lower_bound(bool relu) {
  return relu ? T{0} : -std::numeric_limits<T>::infinity();
}

}  // namespace

template <class T>
void region_moments(const RegionMomentsArgs<T>& args) {
  const auto [samples, rows, channels, groups] = args.shape;
  if (samples * channels == 0) return;
  const Chunks chunks(args.shape);
  std::vector<double> means(size(chunks.count * channels)), squares(means.size());
  chunks.for_each([&](int64_t chunk, int64_t, int64_t first, int64_t count) {
    chunk_moments(args.x + first, count, channels, chunks.width, &means[size(chunk * channels)],
                  &squares[size(chunk * channels)]);
  });

  // The variance of a region is that inside its chunks plus that of the chunks' means.
  const int64_t group_size = channels / groups;
  const double region_size = std::max(1.0, static_cast<double>(rows * group_size));
  parallel_for(samples * groups, ceil_div(256, group_size), [&](int64_t begin, int64_t end) {
    for (int64_t region = begin; region < end; ++region) {
      const int64_t sample = region / groups, first_channel = region % groups * group_size;
      const auto sum_over_parts = [&](auto&& part) {
        double sum = 0;
        for (int64_t chunk = sample * chunks.per_sample; chunk < (sample + 1) * chunks.per_sample; ++chunk)
          for (int64_t c = first_channel; c < first_channel + group_size; ++c)
            sum += part(static_cast<double>(chunks.rows(chunk)), size(chunk * channels + c));
        return sum;
      };
      const double mean = sum_over_parts([&](double n, std::size_t i) { return n * means[i]; }) / region_size;
      const double square = sum_over_parts(
          [&](double n, std::size_t i) { return squares[i] + n * (means[i] - mean) * (means[i] - mean); });
      args.mean[region] = static_cast<T>(mean);
      args.variance[region] = static_cast<T>(square / region_size);
    }
  });
}

template <class T>
void update_running_moments(const UpdateRunningMomentsArgs<T>& args) {
  const double count = static_cast<double>(args.region_size), unbias = count / (count - 1);
  const auto move = [&](T& running, double value) {
    running = static_cast<T>((1 - args.momentum) * static_cast<double>(running) + args.momentum * value);
  };
  for (int64_t c = 0; c < args.channels; ++c) {
    move(args.running_mean[c], static_cast<double>(args.mean[c]));
    move(args.running_variance[c], unbias * static_cast<double>(args.variance[c]));
  }
}

template <class T>
void normalize(const NormalizeArgs<T>& args) {
  if (args.shape.samples * args.shape.channels == 0) return;
  const Chunks chunks(args.shape);
  const Affine<T> affine(args, chunks.width);
  const T floor = lower_bound<T>(args.relu);
  chunks.for_each([&](int64_t, int64_t sample, int64_t first, int64_t count) {
    const auto [center, factor, offset] = affine.lanes(sample);
    for_each_bundle(count, chunks.width, [&](int64_t start, int64_t lanes) {
      const T* x = args.x + first + start;
      T* y = args.y + first + start;
#pragma omp simd
      for (int64_t j = 0; j < lanes; ++j) {
        const T value = (x[j] - center[j]) * factor[j] + offset[j];
        y[j] = value < floor ? floor : value;
      }
    });
  });
}

namespace {

// Per sample and channel: sum of g, and sum of g * (x - mean).
struct GradientSums {
  std::vector<double> plain, centered;
  explicit GradientSums(int64_t count) : plain(size(count)), centered(size(count)) {}
};

template <class T>
GradientSums sum_gradients(const NormalizeBackwardArgs<T>& args, const Chunks& chunks,
                           const Affine<T>& affine) {
  const int64_t channels = args.shape.channels;
  const T floor = lower_bound<T>(args.relu);
  GradientSums parts(chunks.count * channels);
  chunks.for_each([&](int64_t chunk, int64_t sample, int64_t first, int64_t count) {
    const auto [center, factor, offset] = affine.lanes(sample);
    Table<T> plain_lanes(size(chunks.width), T{0}), centered_lanes(size(chunks.width), T{0});
    T* plain = plain_lanes.data();
    T* centered = centered_lanes.data();
    for_each_bundle(count, chunks.width, [&](int64_t start, int64_t lanes) {
      const T* x = args.x + first + start;
      const T* dy = args.dy + first + start;
#pragma omp simd
      for (int64_t j = 0; j < lanes; ++j) {
        const T distance = x[j] - center[j];
        const T g = distance * factor[j] + offset[j] <= floor ? T{0} : dy[j];
        plain[j] += g;
        centered[j] += g * distance;
      }
    });
    fold(plain_lanes, channels, &parts.plain[size(chunk * channels)]);
    fold(centered_lanes, channels, &parts.centered[size(chunk * channels)]);
  });

  GradientSums sums(args.shape.samples * channels);
  for (int64_t chunk = 0; chunk < chunks.count; ++chunk)
    for (int64_t c = 0; c < channels; ++c) {
      const std::size_t to = size(chunk / chunks.per_sample * channels + c),
                        from = size(chunk * channels + c);
      sums.plain[to] += parts.plain[from];
      sums.centered[to] += parts.centered[from];
    }
  return sums;
}

// 1 / sqrt(variance + eps) of the region that channel c of a sample belongs to.
template <class T>
double inverse_deviation(const NormalizeBackwardArgs<T>& args, int64_t sample, int64_t c) {
  const int64_t groups = args.shape.groups, region = sample * groups + c * groups / args.shape.channels;
  return 1 / std::sqrt(static_cast<double>(args.variance[region]) + args.eps);
}

template <class T>
void parameter_gradients(const NormalizeBackwardArgs<T>& args, const GradientSums& sums) {
  const int64_t channels = args.shape.channels;
  for (int64_t c = 0; c < channels; ++c) {
    double dweight = 0, dbias = 0;
    for (int64_t sample = 0; sample < args.shape.samples; ++sample) {
      dweight += sums.centered[size(sample * channels + c)] * inverse_deviation(args, sample, c);
      dbias += sums.plain[size(sample * channels + c)];
    }
    if (args.dweight != nullptr) args.dweight[c] = static_cast<T>(dweight);
    if (args.dbias != nullptr) args.dbias[c] = static_cast<T>(dbias);
  }
}

// The share of dx that comes through the moments: (x - mean) * slope + shift, as lanes for each sample.
template <class T>
struct MomentGradient {
  Table<T> slope, shift;

  MomentGradient(const NormalizeBackwardArgs<T>& args, const GradientSums& sums, int64_t width)
      : slope(size(args.shape.samples * width), T{0}), shift(slope.size(), T{0}) {
    if (args.constant_moments) return;
    const auto [samples, rows, channels, groups] = args.shape;
    const int64_t group_size = channels / groups;
    const double region_size = std::max(1.0, static_cast<double>(rows * group_size));
    for (int64_t sample = 0; sample < samples; ++sample) {
      std::vector<double> plain(size(groups)), centered(size(groups));
      for (int64_t c = 0; c < channels; ++c) {
        const double weight = args.weight == nullptr ? 1.0 : static_cast<double>(args.weight[c]);
        plain[size(c / group_size)] += weight * sums.plain[size(sample * channels + c)];
        centered[size(c / group_size)] += weight * sums.centered[size(sample * channels + c)];
      }
      spread(&slope[size(sample * width)], width, channels, [&](int64_t c) {
        return centered[size(c / group_size)] * std::pow(inverse_deviation(args, sample, c), 3) / region_size;
      });
      spread(&shift[size(sample * width)], width, channels, [&](int64_t c) {
        return plain[size(c / group_size)] * inverse_deviation(args, sample, c) / region_size;
      });
    }
  }
};

}  // namespace

template <class T>
void normalize_backward(const NormalizeBackwardArgs<T>& args) {
  if (args.shape.samples * args.shape.channels == 0) return;
  const Chunks chunks(args.shape);
  const Affine<T> affine(args, chunks.width);
  const GradientSums sums = sum_gradients(args, chunks, affine);
  parameter_gradients(args, sums);
  if (args.dx == nullptr) return;

  const MomentGradient<T> through_moments(args, sums, chunks.width);
  const T floor = lower_bound<T>(args.relu);
  chunks.for_each([&](int64_t, int64_t sample, int64_t first, int64_t count) {
    const auto [center, factor, offset] = affine.lanes(sample);
    const T* slope = &through_moments.slope[size(sample * chunks.width)];
    const T* shift = &through_moments.shift[size(sample * chunks.width)];
    for_each_bundle(count, chunks.width, [&](int64_t start, int64_t lanes) {
      const T* x = args.x + first + start;
      const T* dy = args.dy + first + start;
      T* dx = args.dx + first + start;
#pragma omp simd
      for (int64_t j = 0; j < lanes; ++j) {
        const T distance = x[j] - center[j];
        const T g = distance * factor[j] + offset[j] <= floor ? T{0} : dy[j];
        dx[j] = g * factor[j] - (distance * slope[j] + shift[j]);
      }
    });
  });
}

template void region_moments(const RegionMomentsArgs<float>&);
template void region_moments(const RegionMomentsArgs<double>&);
template void update_running_moments(const UpdateRunningMomentsArgs<float>&);
template void update_running_moments(const UpdateRunningMomentsArgs<double>&);
template void normalize(const NormalizeArgs<float>&);
template void normalize(const NormalizeArgs<double>&);
template void normalize_backward(const NormalizeBackwardArgs<float>&);
template void normalize_backward(const NormalizeBackwardArgs<double>&);

}  // namespace masktwins::kernels::cpu
