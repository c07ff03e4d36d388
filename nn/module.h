// Module: a network or a part of one. Its named parameters and buffers have the names of the corresponding
// PyTorch state_dict, so that checkpoints can be exchanged.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tensor/tensor.h"

namespace masktwins::nn {

using NamedTensors = std::vector<std::pair<std::string, Tensor*>>;

class Module {
 public:
  Module() = default;
  virtual ~Module() = default;
  Module(const Module&) = delete;  // the registries hold addresses of members
  Module& operator=(const Module&) = delete;

  // What is trained, in order of registration: own parameters, then those of the children
  // ("up1.conv.weight").
  NamedTensors named_parameters() const;
  // What is stored but not trained, such as running statistics.
  NamedTensors named_buffers() const;

  // Training mode (the default) or evaluation mode, for this module and all its children.
  void set_training(bool training);
  bool training() const { return training_; }

  // Converts all parameters and floating buffers.
  void to(DType dtype);
  // Moves them; counters, which the host reads and writes, stay on the CPU.
  void to(Device device);
  Device device() const;  // of the parameters
  // Copies parameters and buffers from a module of the same structure.
  void copy_from(const Module& other);
  void copy_buffers_from(const Module& other);

 protected:
  void register_parameter(std::string name, Tensor& member);
  void register_buffer(std::string name, Tensor& member);
  void register_module(std::string name, Module& child);

 private:
  void collect(const std::string& prefix, NamedTensors Module::*list, NamedTensors& out) const;

  NamedTensors parameters_, buffers_;
  std::vector<std::pair<std::string, Module*>> children_;
  bool training_ = true;
};

int64_t count_parameters(const Module& module);

}  // namespace masktwins::nn
