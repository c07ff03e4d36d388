#pragma once

#include "tensor/ops/normalize.h"

namespace masktwins {

struct BatchNormOptions {
  bool training = true;  // moments of this batch; otherwise the running ones
  bool relu = false;     // apply a ReLU in the same pass
  double eps = 1e-5;
  double momentum = 0.1;  // running = (1 - momentum) * running + momentum * batch
};

// Each channel with mean 0 and variance 1 over the batch (Ioffe and Szegedy 2015). x (N, C, H, W); weight and
// bias (C) or undefined for 1 and 0. Training normalises with the biased variance and, in place, moves
// running_mean and running_variance (C) towards the mean and unbiased variance of this batch, once even when
// a checkpoint computes it again; both may be undefined in training. Training needs more than one element per
// channel.
Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor running_mean,
                  Tensor running_variance, const BatchNormOptions& options = {});

}  // namespace masktwins
