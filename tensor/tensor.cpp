#include "tensor/tensor.h"

#include <algorithm>
#include <cstring>

#include "kernels/common/cuda.h"
#include "kernels/convert.h"
#include "kernels/fill.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"

namespace masktwins {

using kernels::convert_element;

struct Tensor::Body {
  std::shared_ptr<Storage> storage;
  std::size_t offset = 0;  // in bytes
  Shape shape;
  DType dtype = DType::float32;
  std::unique_ptr<AutogradMeta> autograd;
};

namespace {

template <class T>
constexpr bool converted_on_cuda = std::is_same_v<T, float> || kernels::is_16bit_float<T>;

// Calls body(memory index, logical index) for every element; both orders differ only for rank 4.
template <class Body>
void for_each_index(const Shape& shape, Body&& body) {
  if (shape.rank() != 4) {
    for (int64_t i = 0; i < shape.numel(); ++i) body(i, i);
    return;
  }
  const int64_t channels = shape[1], height = shape[2], width = shape[3];
  int64_t memory = 0;
  for (int64_t n = 0; n < shape[0]; ++n)
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x)
        for (int64_t c = 0; c < channels; ++c) body(memory++, ((n * channels + c) * height + y) * width + x);
}

}  // namespace

Tensor Tensor::empty(const Shape& shape, DType dtype, Device device) {
  auto body = std::make_shared<Body>();
  body->shape = shape;
  body->dtype = dtype;
  body->storage = std::make_shared<Storage>(static_cast<std::size_t>(shape.numel()) * size_of(dtype), device);
  return Tensor(std::move(body));
}

Tensor Tensor::zeros(const Shape& shape, DType dtype, Device device) { return full(shape, 0, dtype, device); }

Tensor Tensor::full(const Shape& shape, double value, DType dtype, Device device) {
  Tensor result = empty(shape, dtype, device);
  result.fill(value);
  return result;
}

template <class T>
Tensor Tensor::from_values(const Shape& shape, std::span<const T> values) {
  require(static_cast<int64_t>(values.size()) == shape.numel(), "from_values: ", values.size(),
          " values for shape ", shape);
  Tensor result = empty(shape, dtype_of<T>());
  T* out = result.data<T>();
  for_each_index(shape, [&](int64_t memory, int64_t logical) {
    out[memory] = values[static_cast<std::size_t>(logical)];
  });
  return result;
}

template <class T>
std::vector<T> Tensor::to_values() const {
  if (device() != Device::cpu) return to(Device::cpu).to_values<T>();
  std::vector<T> values(static_cast<std::size_t>(numel()));
  const T* in = data<T>();
  for_each_index(shape(), [&](int64_t memory, int64_t logical) {
    values[static_cast<std::size_t>(logical)] = in[memory];
  });
  return values;
}

template Tensor Tensor::from_values(const Shape&, std::span<const float>);
template Tensor Tensor::from_values(const Shape&, std::span<const double>);
template Tensor Tensor::from_values(const Shape&, std::span<const int32_t>);
template Tensor Tensor::from_values(const Shape&, std::span<const int64_t>);
template Tensor Tensor::from_values(const Shape&, std::span<const uint8_t>);
template Tensor Tensor::from_values(const Shape&, std::span<const bfloat16>);
template Tensor Tensor::from_values(const Shape&, std::span<const float16>);
template std::vector<float> Tensor::to_values() const;
template std::vector<double> Tensor::to_values() const;
template std::vector<int32_t> Tensor::to_values() const;
template std::vector<int64_t> Tensor::to_values() const;
template std::vector<uint8_t> Tensor::to_values() const;
template std::vector<bfloat16> Tensor::to_values() const;
template std::vector<float16> Tensor::to_values() const;

const Shape& Tensor::shape() const {
  require(defined(), "tensor: shape of an undefined tensor");
  return body_->shape;
}
DType Tensor::dtype() const { return body_->dtype; }
Device Tensor::device() const { return body_->storage->device(); }

void* Tensor::raw_data() const { return static_cast<char*>(body_->storage->data()) + body_->offset; }

void* Tensor::checked_data(DType expected) const {
  require(defined(), "tensor: data of an undefined tensor");
  require(dtype() == expected, "tensor: asked for ", expected, " elements of a ", dtype(), " tensor");
  return raw_data();
}

double Tensor::item() const {
  require(numel() == 1, "item: the tensor has ", numel(), " elements, not one");
  const Tensor value = to(Device::cpu);
  return dispatch_dtype(dtype(),
                        [&](auto zero) { return convert_element<double>(*value.data<decltype(zero)>()); });
}

Tensor Tensor::clone() const {
  Tensor copy = empty(shape(), dtype(), device());
  copy.copy_from(*this);
  return copy;
}

namespace {

template <class From, class To>
void convert_elements(Device where, const From* x, To* y, int64_t count) {
  dispatch_device(where, "to", [&](auto device) {
    if constexpr (device == Device::cpu)
      std::transform(x, x + count, y, [](From value) { return convert_element<To>(value); });
    else if constexpr (converted_on_cuda<From> && converted_on_cuda<To> && !std::is_same_v<From, To>)
      kernels::cuda::convert(kernels::ConvertArgs<From, To>{x, y, count});
    else
      fail("to: cuda converts between float32, bfloat16 and float16 only, not ", dtype_of<From>(), " to ",
           dtype_of<To>());
  });
}

}  // namespace

Tensor Tensor::to(DType type) const {
  if (type == dtype()) return *this;
  Tensor result = empty(shape(), type, device());
  dispatch_dtype(dtype(), [&](auto from_zero) {
    using From = decltype(from_zero);
    dispatch_dtype(type, [&](auto to_zero) {
      using To = decltype(to_zero);
      convert_elements(device(), data<From>(), result.data<To>(), numel());
    });
  });
  return result;
}

Tensor Tensor::to(Device target) const {
  if (target == device()) return *this;
  Tensor result = empty(shape(), dtype(), target);
  if constexpr (built_with_cuda) {
    if (target == Device::cuda) kernels::cuda::copy_to_device(result.raw_data(), raw_data(), bytes());
    else kernels::cuda::copy_to_host(result.raw_data(), raw_data(), bytes());
  }
  return result;
}

void Tensor::copy_from(const Tensor& source) {
  require_same(*this, source, "copy_from");
  dispatch_device(device(), "copy_from", [&](auto on) {
    if constexpr (on == Device::cpu) std::memcpy(raw_data(), source.raw_data(), bytes());
    else kernels::cuda::copy_on_device(raw_data(), source.raw_data(), bytes());
  });
}

void Tensor::fill(double value) {
  dispatch_dtype(dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T element = convert_element<T>(value);
    dispatch_device(device(), "fill", [&](auto on) {
      if constexpr (on == Device::cpu) std::fill_n(data<T>(), numel(), element);
      else kernels::cuda::fill(kernels::FillArgs<T>{element, data<T>(), numel()});
    });
  });
}

Tensor Tensor::alias(const Shape& shape, int64_t offset) const {
  require(offset >= 0 && offset + shape.numel() <= numel(), "alias: ", shape, " at element ", offset,
          " does not fit into ", this->shape());
  auto body = std::make_shared<Body>();
  body->storage = body_->storage;
  body->offset = body_->offset + static_cast<std::size_t>(offset) * size_of(dtype());
  body->shape = shape;
  body->dtype = dtype();
  return Tensor(std::move(body));
}

bool Tensor::shares_memory_with(const Tensor& other) const {
  return defined() && other.defined() && body_->storage == other.body_->storage;
}

bool Tensor::sole_owner() const { return body_.use_count() == 1 && body_->storage.use_count() == 1; }

bool Tensor::has_autograd() const { return defined() && body_->autograd != nullptr; }

AutogradMeta& Tensor::autograd() const {
  if (!body_->autograd) body_->autograd = std::make_unique<AutogradMeta>();
  return *body_->autograd;
}

bool Tensor::requires_grad() const { return has_autograd() && body_->autograd->requires_grad; }

Tensor& Tensor::set_requires_grad(bool requires_grad) {
  require(!requires_grad || is_floating(dtype()),
          "requires_grad: only floating tensors have gradients, this is ", dtype());
  autograd().requires_grad = requires_grad;
  return *this;
}

const Tensor& Tensor::grad() const { return autograd().grad; }

void Tensor::set_grad(const Tensor& grad) {
  if (grad.defined()) require_same(*this, grad, "set_grad");
  autograd().grad = grad;
}

Tensor Tensor::detach() const { return alias(shape()); }

ImageSize image_size(const Tensor& x, const char* op) {
  require(x.rank() == 4, op, ": needs a (N, C, H, W) tensor, got ", x.shape());
  return {x.dim(0), x.dim(1), x.dim(2), x.dim(3)};
}

void require_same(const Tensor& a, const Tensor& b, const char* op) {
  require(a.shape() == b.shape(), op, ": shapes differ, ", a.shape(), " and ", b.shape());
  require(a.dtype() == b.dtype(), op, ": dtypes differ, ", a.dtype(), " and ", b.dtype());
  require(a.device() == b.device(), op, ": devices differ, ", a.device(), " and ", b.device());
}

}  // namespace masktwins
