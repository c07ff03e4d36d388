// All parameters of a network in one flat tensor, their gradients in a second of the same layout: optimiser,
// teacher average, gradient norm and zeroing are single passes, whatever the number of layers.
#pragma once

#include <string>
#include <vector>

#include "nn/module.h"

namespace masktwins::optim {

struct Segment {
  std::string name;
  int64_t offset;  // in elements; segments begin at multiples of 64 bytes, the gaps hold zeros
  int64_t count;
};

class ParameterArena {
 public:
  // Moves the module's parameters into the arena; the module goes on working with them there.
  explicit ParameterArena(nn::Module& module);

  // Gives every parameter a gradient in the flat gradient tensor.
  void allocate_gradients();
  void zero_gradients();

  const std::vector<Segment>& segments() const { return segments_; }
  Tensor values() const { return values_; }        // flat
  Tensor gradients() const { return gradients_; }  // flat, undefined before allocate_gradients()

 private:
  std::vector<Segment> segments_;
  std::vector<Tensor> parameters_;
  Tensor values_, gradients_;
};

}  // namespace masktwins::optim
