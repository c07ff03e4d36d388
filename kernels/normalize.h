// Normalisation with mean and variance of x over regions (Ioffe and Szegedy 2015; Ulyanov et al. 2016; Wu and
// He 2018), optionally followed by a ReLU. x is seen as (samples, rows, channels) in memory order; a region
// is one sample and one group of consecutive channels, over all rows:
//
//               samples   rows        groups
//   instance    N         H * W       C
//   group       N         H * W       as chosen
//   batch       1         N * H * W   C
//
// region_moments:  mean = 1/n sum x,  variance = 1/n sum (x - mean)^2  (biased), n = rows * channels /
// groups. normalize:       y = relu?((x - mean) / sqrt(variance + eps) * weight[c] + bias[c]) backward, with
// xhat = (x - mean) / sqrt(variance + eps) and g = dy where the ReLU let x pass, else 0:
//   dbias[c] = sum g,  dweight[c] = sum g * xhat
//   dx = (g * weight - 1/n sum_region(g * weight) - xhat / n sum_region(g * weight * xhat)) / sqrt(variance +
//   eps)
// Bytes: moments 1 read; normalize 1 read, 1 write; backward 4 reads (x and dy twice), 1 write.
// update_running_moments:  running = (1 - momentum) * running + momentum * (mean, unbiased variance).
// On CUDA a thread keeps a few rows in registers and goes over them twice, so that x is read once.
// Flops per element: moments 4, normalize 4, backward 12.
//
// CUDA: a normalisation reads x twice, for the moments and to apply them; a thread reads the parameters of
// its channels for as few as 4 rows, so that small inputs fill a GPU.
#pragma once

#include <cstdint>

#include "kernels/common/float16.h"

namespace masktwins::kernels {

struct RegionShape {
  int64_t samples, rows, channels, groups;
};

template <class T>
struct RegionMomentsArgs {
  RegionShape shape;
  const T* x;
  Wide<T>* mean;      // (samples, groups)
  Wide<T>* variance;  // (samples, groups), biased
};

template <class T>
struct UpdateRunningMomentsArgs {
  const T* mean;
  const T* variance;  // biased
  T* running_mean;
  T* running_variance;
  int64_t channels;
  int64_t region_size;  // elements behind each mean
  double momentum;
};

template <class T>
struct NormalizeArgs {
  RegionShape shape;
  const T* x;
  const Wide<T>* mean;      // (samples, groups)
  const Wide<T>* variance;  // (samples, groups)
  const Wide<T>* weight;    // (channels), or null for 1
  const Wide<T>* bias;      // (channels), or null for 0
  T* y;
  double eps;
  bool relu;
};

template <class T>
struct NormalizeBackwardArgs {
  RegionShape shape;
  const T* x;
  const Wide<T>* mean;
  const Wide<T>* variance;
  const Wide<T>* weight;
  const Wide<T>* bias;
  const T* dy;
  T* dx;             // or null
  Wide<T>* dweight;  // (channels), or null
  Wide<T>* dbias;    // (channels), or null
  double eps;
  bool relu;
  bool constant_moments;  // mean and variance do not depend on x: dx = g * weight / sqrt(variance + eps)
};

namespace cpu {
template <class T>
void region_moments(const RegionMomentsArgs<T>& args);
template <class T>
void update_running_moments(const UpdateRunningMomentsArgs<T>& args);
template <class T>
void normalize(const NormalizeArgs<T>& args);
template <class T>
void normalize_backward(const NormalizeBackwardArgs<T>& args);
}  // namespace cpu

namespace cuda {
template <class T>
void region_moments(const RegionMomentsArgs<T>& args);
void update_running_moments(const UpdateRunningMomentsArgs<float>& args);
template <class T>
void normalize(const NormalizeArgs<T>& args);
template <class T>
void normalize_backward(const NormalizeBackwardArgs<T>& args);
}  // namespace cuda

}  // namespace masktwins::kernels
