#pragma once

#include "tensor/tensor.h"

namespace masktwins {

// x with whole channels of single samples set to zero with probability p and the others multiplied by
// 1 / (1 - p), as torch.nn.functional.dropout2d in training. x is an image (N, C, H, W) or (N, ..., C).
// Draws come from random_stream(); p = 0 draws nothing and returns x.
Tensor dropout2d(const Tensor& x, double p);

// The same for whole samples: stochastic depth, to be applied to the residual branch of a block.
Tensor drop_path(const Tensor& x, double p);

// Within its scope both pass x through: the teacher normalises by the statistics of its batch, as in
// training, but drops nothing.
class NoDropout {
 public:
  NoDropout();
  ~NoDropout();
  NoDropout(const NoDropout&) = delete;
  NoDropout& operator=(const NoDropout&) = delete;

 private:
  bool before_;
};

}  // namespace masktwins
