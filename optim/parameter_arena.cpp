#include "optim/parameter_arena.h"

#include "tensor/memory_tag.h"

namespace masktwins::optim {

ParameterArena::ParameterArena(nn::Module& module) {
  const MemoryTag tag("parameters");
  const nn::NamedTensors parameters = module.named_parameters();
  require(!parameters.empty(), "parameter arena: the module has no parameters");
  const DType dtype = parameters[0].second->dtype();
  const int64_t alignment = static_cast<int64_t>(64 / size_of(dtype));
  int64_t total = 0;
  for (const auto& [name, tensor] : parameters) {
    require(tensor->dtype() == dtype, "parameter arena: ", name, " is ", tensor->dtype(), ", the others are ",
            dtype);
    segments_.push_back({name, total, tensor->numel()});
    total += (tensor->numel() + alignment - 1) / alignment * alignment;
  }
  values_ = Tensor::zeros({total}, dtype, parameters[0].second->device());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Tensor& member = *parameters[i].second;
    Tensor inside = values_.alias(member.shape(), segments_[i].offset);
    inside.copy_from(member);
    inside.set_requires_grad(member.requires_grad());
    member = inside;
    parameters_.push_back(inside);
  }
}

void ParameterArena::allocate_gradients() {
  const MemoryTag tag("gradients");
  gradients_ = Tensor::zeros(values_.shape(), values_.dtype(), values_.device());
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    parameters_[i].set_grad(gradients_.alias(parameters_[i].shape(), segments_[i].offset));
}

void ParameterArena::zero_gradients() { gradients_.fill(0); }

}  // namespace masktwins::optim
