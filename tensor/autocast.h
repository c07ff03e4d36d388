// Mixed precision: within an AutocastScope the ops on CUDA that gain from 16 bits compute in them, and those
// that lose too much accuracy stay in float32, each as its OpDef::autocast says. Parameters stay float32;
// their 16-bit copies are made once per step (LowPrecisionCopies). On the CPU, which computes in float32,
// nothing changes.
#pragma once

#include <initializer_list>
#include <unordered_map>

#include "tensor/tensor.h"

namespace masktwins {

// 16-bit copies of parameters, found by where the parameter lies.
class LowPrecisionCopies {
 public:
  void set(const Tensor& parameter, const Tensor& copy) { copies_[parameter.raw_data()] = copy; }
  // Undefined if there is none of this shape and dtype.
  Tensor find(const Tensor& parameter, DType dtype) const;

 private:
  std::unordered_map<const void*, Tensor> copies_;
};

class AutocastScope {
 public:
  // `low` is bfloat16 or float16; float32 switches autocast off.
  explicit AutocastScope(DType low, const LowPrecisionCopies* copies = nullptr);
  ~AutocastScope();
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  DType dtype_before_;
  const LowPrecisionCopies* copies_before_;
};

// Whether `op` wants to compute in another dtype than that of one of its floating inputs. An op begins with
//   if (autocasts("conv2d", {x, weight})) return conv2d(autocast("conv2d", x), autocast("conv2d", weight));
bool autocasts(const char* op, std::initializer_list<Tensor> inputs);
// x in that dtype: itself, or a differentiable copy. Undefined tensors and integers pass.
Tensor autocast(const char* op, const Tensor& x);

}  // namespace masktwins
