// Adversarial adaptation in output space (Tsai et al., CVPR 2018, "AdvSeg"): a discriminator learns to tell
// predictions on source images from predictions on target images, and the student learns to make it fail.
#pragma once

#include <memory>

#include "nn/discriminator.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"

namespace masktwins {

class Adversary {
 public:
  // Adam with decays 0.9 and 0.99; the learning rate falls as (1 - t / iterations)^0.9. Steps in float16 need
  // loss_scaling, as the student's do.
  Adversary(int64_t classes, double learning_rate, int64_t iterations, uint32_t seed, Device device,
            bool loss_scaling = false);

  // What the student pays for target logits (N, K, h, w) that the discriminator recognises as such: binary
  // cross-entropy with the answer "source". Its gradient reaches the discriminator, too; learn() discards it.
  Tensor fooling_loss(const Tensor& target_logits) const;

  // One step of the discriminator: mean of the binary cross-entropies of source and target logits, which get
  // no gradient. Returns the loss, a scalar.
  Tensor learn(const Tensor& source_logits, const Tensor& target_logits, int64_t step);

  // What a checkpoint must hold.
  nn::Discriminator& network() { return network_; }
  optim::Optimizer& optimizer() { return *optimizer_; }

 private:
  // Binary cross-entropy of the discriminator's answer to softmax(logits); `source` is the right one.
  Tensor domain_loss(const Tensor& logits, bool source) const;

  nn::Discriminator network_;
  optim::ParameterArena arena_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  optim::Schedule schedule_;
};

}  // namespace masktwins
