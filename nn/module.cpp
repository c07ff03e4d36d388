#include "nn/module.h"

#include "tensor/memory_tag.h"

namespace masktwins::nn {

void Module::collect(const std::string& prefix, NamedTensors Module::*list, NamedTensors& out) const {
  for (const auto& [name, tensor] : this->*list) out.emplace_back(prefix + name, tensor);
  for (const auto& [name, child] : children_) child->collect(prefix + name + ".", list, out);
}

NamedTensors Module::named_parameters() const {
  NamedTensors out;
  collect("", &Module::parameters_, out);
  return out;
}

NamedTensors Module::named_buffers() const {
  NamedTensors out;
  collect("", &Module::buffers_, out);
  return out;
}

void Module::set_training(bool training) {
  training_ = training;
  for (const auto& [name, child] : children_) child->set_training(training);
}

void Module::to(DType dtype) {
  for (const auto& [name, tensor] : named_parameters())
    *tensor = tensor->to(dtype).detach().set_requires_grad();
  for (const auto& [name, tensor] : named_buffers())
    if (is_floating(tensor->dtype())) *tensor = tensor->to(dtype);
}

void Module::to(Device device) {
  const MemoryTag tag("parameters");
  for (const auto& [name, tensor] : named_parameters())
    *tensor = tensor->to(device).detach().set_requires_grad();
  for (const auto& [name, tensor] : named_buffers())
    if (is_floating(tensor->dtype())) *tensor = tensor->to(device);
}

Device Module::device() const {
  const NamedTensors parameters = named_parameters();
  return parameters.empty() ? Device::cpu : parameters.front().second->device();
}

namespace {

void copy(const NamedTensors& to, const NamedTensors& from) {
  require(to.size() == from.size(), "copy_from: the modules have different structures");
  for (std::size_t i = 0; i < to.size(); ++i) {
    require(to[i].first == from[i].first, "copy_from: ", to[i].first, " stands where the other module has ",
            from[i].first);
    to[i].second->copy_from(*from[i].second);
  }
}

}  // namespace

void Module::copy_from(const Module& other) {
  copy(named_parameters(), other.named_parameters());
  copy_buffers_from(other);
}

void Module::copy_buffers_from(const Module& other) { copy(named_buffers(), other.named_buffers()); }

void Module::register_parameter(std::string name, Tensor& member) {
  member.set_requires_grad();
  parameters_.emplace_back(std::move(name), &member);
}

void Module::register_buffer(std::string name, Tensor& member) {
  buffers_.emplace_back(std::move(name), &member);
}

void Module::register_module(std::string name, Module& child) {
  children_.emplace_back(std::move(name), &child);
}

int64_t count_parameters(const Module& module) {
  int64_t count = 0;
  for (const auto& [name, tensor] : module.named_parameters()) count += tensor->numel();
  return count;
}

}  // namespace masktwins::nn
