#include "tensor/autocast.h"

#include "tensor/op.h"
#include "tensor/ops/cast.h"

namespace masktwins {
namespace {

thread_local DType low_precision = DType::float32;  // float32: off
thread_local const LowPrecisionCopies* current_copies = nullptr;

}  // namespace

Tensor LowPrecisionCopies::find(const Tensor& parameter, DType dtype) const {
  const auto found = copies_.find(parameter.raw_data());
  if (found == copies_.end()) return {};
  const Tensor& copy = found->second;
  return copy.dtype() == dtype && copy.shape() == parameter.shape() ? copy : Tensor();
}

AutocastScope::AutocastScope(DType low, const LowPrecisionCopies* copies)
    : dtype_before_(std::exchange(low_precision, low)),
      copies_before_(std::exchange(current_copies, copies)) {
  require(low == DType::float32 || low == DType::bfloat16 || low == DType::float16,
          "autocast: to bfloat16 or float16, not to ", low);
}

AutocastScope::~AutocastScope() {
  low_precision = dtype_before_;
  current_copies = copies_before_;
}

namespace {

// x's own dtype where autocast leaves it alone.
DType wanted_dtype(const char* op, const Tensor& x) {
  if (!x.defined()) return DType::float32;
  if (low_precision == DType::float32 || x.device() == Device::cpu || !is_floating(x.dtype()))
    return x.dtype();
  switch (registered_ops().at(op).autocast) {
    case Autocast::low_precision: return low_precision;
    case Autocast::keep_float32: return DType::float32;
    case Autocast::follow_inputs: break;
  }
  return x.dtype();
}

}  // namespace

bool autocasts(const char* op, std::initializer_list<Tensor> inputs) {
  for (const Tensor& x : inputs)
    if (x.defined() && wanted_dtype(op, x) != x.dtype()) return true;
  return false;
}

Tensor autocast(const char* op, const Tensor& x) {
  const DType wanted = wanted_dtype(op, x);
  if (!x.defined() || wanted == x.dtype()) return x;
  const Tensor copy = current_copies ? current_copies->find(x, wanted) : Tensor();
  return copy.defined() ? cast_to(x, copy) : cast(x, wanted);
}

}  // namespace masktwins
