// L_cm: what the student says about differently masked views of one image should agree (section 3.8; 11.3).
#pragma once

#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace masktwins {

// The mean over all pairs of views of their distance, a scalar; logits (N, K, H, W) per view, at least two.
//   mse_logits  mean of (z_i - z_j)²                        (released code)
//   mse_prob    the same on softmax probabilities
//   l2_prob     mean over pixels of ‖p_i - p_j‖₂            (equation (16) of the paper)
Tensor consistency(const std::vector<Tensor>& logits, const std::string& kind);

}  // namespace masktwins
