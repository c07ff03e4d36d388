#include "masktwins/batch_feed.h"

#include <cstring>

#include "kernels/common/upload.h"
#include "tensor/dispatch.h"
#include "tensor/memory_tag.h"

namespace masktwins {
namespace {

// The tensors of a batch.
std::array<Tensor data::Batch::*, 4> members() {
  return {&data::Batch::source_images, &data::Batch::source_labels, &data::Batch::target_images,
          &data::Batch::target_weights};
}

}  // namespace

data::Batch to(const data::Batch& batch, Device device) {
  data::Batch result;
  result.step = batch.step;
  for (const auto member : members())
    if ((batch.*member).defined()) result.*member = (batch.*member).to(device);
  return result;
}

struct BatchFeed::Slot {
  data::Batch batch;
  std::vector<std::shared_ptr<kernels::cuda::Upload>> uploads;  // one per tensor

  explicit Slot(const data::Batch& like) {
    const MemoryTag tag("batches");
    if constexpr (built_with_cuda)
      for (const auto member : members()) {
        const Tensor& tensor = like.*member;
        if (!tensor.defined()) continue;
        batch.*member = Tensor::empty(tensor.shape(), tensor.dtype(), Device::cuda);
        uploads.push_back(std::make_shared<kernels::cuda::Upload>(tensor.bytes()));
      }
  }

  void fill(const data::Batch& from) {
    batch.step = from.step;
    if constexpr (built_with_cuda) {
      auto upload = uploads.begin();
      for (const auto member : members()) {
        if (!(from.*member).defined()) continue;
        std::memcpy((*upload)->host(), (from.*member).raw_data(), (from.*member).bytes());
        (*upload++)->start((batch.*member).raw_data());
      }
    }
  }

  void used() {
    if constexpr (built_with_cuda)
      for (const auto& upload : uploads) upload->used();
  }
};

const data::Batch& BatchFeed::next() {
  if (device_ == Device::cpu) return on_cpu_ = loader_.next();
  if (slots_[current_]) slots_[current_]->used();
  current_ = 1 - current_;
  const data::Batch batch = loader_.next();
  std::shared_ptr<Slot>& slot = slots_[current_];
  if (!slot) slot = std::make_shared<Slot>(batch);
  slot->fill(batch);
  return slot->batch;
}

}  // namespace masktwins
