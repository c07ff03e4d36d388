#include "masktwins/loss_log.h"

#include <algorithm>
#include <cmath>

#include "tensor/autograd.h"
#include "tensor/ops/record_loss.h"

namespace masktwins {
namespace {

constexpr int64_t most_losses = 16;

}  // namespace

LossLog::LossLog(Device device) : device_(device), failure_(Tensor::zeros({2}, DType::int32, device)) {}

void LossLog::add(const std::string& name, const Tensor& loss, int64_t step) {
  if (!sums_.defined()) sums_ = Tensor::zeros({most_losses}, loss.dtype(), device_);
  const auto known = std::find(names_.begin(), names_.end(), name);
  const int64_t slot = known - names_.begin();
  if (known == names_.end()) names_.push_back(name);
  record_loss(loss, sums_, failure_, slot, step);
  if (device_ == Device::cpu) check();
}

void LossLog::check() const {
  const int32_t what = failure_.to_values<int32_t>()[0];
  if (what == 0) return;
  if (what < 0) throw NonFiniteError("the norm of the gradients is not a finite number");
  const Tensor sum =
      sums_.alias({}, what - 1);  // of whatever was added to it, it has kept the NaN or infinity
  throw NonFiniteError(
      concat_text("loss '", names_[static_cast<std::size_t>(what - 1)], "' is ", std::abs(sum.item())));
}

int64_t LossLog::failed_step() const { return failure_.to_values<int32_t>()[1]; }

std::map<std::string, double> LossLog::take_means() {
  check();
  std::map<std::string, double> means;
  if (steps_ == 0) return means;
  const Tensor sums = sums_.to(Device::cpu).to(DType::float64);
  for (std::size_t slot = 0; slot < names_.size(); ++slot)
    means[names_[slot]] = sums.data<double>()[slot] / static_cast<double>(steps_);
  sums_.fill(0);
  names_.clear();
  steps_ = 0;
  return means;
}

}  // namespace masktwins
