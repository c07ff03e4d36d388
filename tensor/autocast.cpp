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

Tensor autocast(const char* op, const Tensor& x) {
  if (low_precision == DType::float32 || !x.defined() || x.device() == Device::cpu || !is_floating(x.dtype()))
    return x;
  switch (registered_ops().at(op).autocast) {
    case Autocast::follow_inputs: return x;
    case Autocast::keep_float32: return cast(x, DType::float32);
    case Autocast::low_precision: break;
  }
  const Tensor copy = current_copies ? current_copies->find(x, low_precision) : Tensor();
  return copy.defined() ? cast_to(x, copy) : cast(x, low_precision);
}

}  // namespace masktwins
