// Tensor: a shape and a dtype over shared memory, and its place in the autograd graph.
//
// Shapes are PyTorch's, (N, C, H, W); memory of rank-4 tensors is channels-last (N, H, W, C), every other
// rank is row-major. Every tensor is dense, so strides follow from the shape. A convolution weight (O, I, kh,
// kw) lies in memory as (O, kh, kw, I). Copying a Tensor copies a handle.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "tensor/device.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"
#include "tensor/storage.h"

namespace masktwins {

struct AutogradMeta;

class Tensor {
 public:
  Tensor() = default;

  // Uninitialised memory.
  static Tensor empty(const Shape& shape, DType dtype = DType::float32, Device device = Device::cpu);
  static Tensor zeros(const Shape& shape, DType dtype = DType::float32, Device device = Device::cpu);
  static Tensor full(const Shape& shape, double value, DType dtype = DType::float32,
                     Device device = Device::cpu);
  // Values in logical order, the last dimension fastest (PyTorch's contiguous order and that of files).
  template <class T>
  static Tensor from_values(const Shape& shape, std::span<const T> values);

  bool defined() const { return body_ != nullptr; }
  explicit operator bool() const { return defined(); }

  const Shape& shape() const;
  int rank() const { return shape().rank(); }
  int64_t dim(int axis) const { return shape()[axis]; }
  int64_t numel() const { return shape().numel(); }
  std::size_t bytes() const { return static_cast<std::size_t>(numel()) * size_of(dtype()); }
  DType dtype() const;
  Device device() const;

  // Elements in memory order, on the tensor's device. T must be the tensor's dtype.
  template <class T>
  T* data() {
    return static_cast<T*>(checked_data(dtype_of<T>()));
  }
  template <class T>
  const T* data() const {
    return static_cast<const T*>(checked_data(dtype_of<T>()));
  }
  void* raw_data() const;

  // The only element, as a number.
  double item() const;
  // Elements in logical order (see from_values).
  template <class T>
  std::vector<T> to_values() const;

  // A deep copy outside the graph.
  Tensor clone() const;
  // A converted copy outside the graph; the tensor itself when nothing changes.
  Tensor to(DType dtype) const;
  // A copy in the memory of another device, outside the graph; the tensor itself when it is there already.
  Tensor to(Device device) const;
  // Overwrites the elements with those of `source` (same shape and dtype).
  void copy_from(const Tensor& source);
  void fill(double value);
  // The same memory from element `offset` on, seen with another shape; outside the graph.
  Tensor alias(const Shape& shape, int64_t offset = 0) const;
  bool shares_memory_with(const Tensor& other) const;
  // True when no other tensor uses this memory, so that it may be overwritten.
  bool sole_owner() const;

  // --- autograd (tensor/autograd.h) ---
  bool requires_grad() const;
  Tensor& set_requires_grad(bool requires_grad = true);
  // The gradient that backward() accumulated into this leaf; undefined before the first.
  const Tensor& grad() const;
  // Memory into which backward() shall accumulate, for example a slice of an arena.
  void set_grad(const Tensor& grad);
  // The same memory, cut off from the graph.
  Tensor detach() const;

  AutogradMeta& autograd() const;
  bool has_autograd() const;

 private:
  struct Body;
  explicit Tensor(std::shared_ptr<Body> body) : body_(std::move(body)) {}
  void* checked_data(DType expected) const;

  std::shared_ptr<Body> body_;
  friend struct WeakTensor;
};

// Refers to a tensor without keeping it alive.
struct WeakTensor {
  WeakTensor() = default;
  explicit WeakTensor(const Tensor& tensor) : body(tensor.body_) {}
  Tensor lock() const { return Tensor(body.lock()); }
  std::weak_ptr<Tensor::Body> body;
};

// Number of channels, height and width of a rank-4 tensor, by name.
struct ImageSize {
  int64_t batch, channels, height, width;
};
ImageSize image_size(const Tensor& x, const char* op);

// require() for the common case that two tensors must agree in shape and dtype.
void require_same(const Tensor& a, const Tensor& b, const char* op);

}  // namespace masktwins
