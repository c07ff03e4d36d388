#include "masktwins/memory_estimate.h"

#include <algorithm>

#include "masktwins/network.h"
#include "masktwins/segmentation_loss.h"
#include "optim/parameter_arena.h"
#include "tensor/allocator.h"
#include "tensor/autograd.h"
#include "tensor/ops/add.h"
#include "tensor/system_memory.h"

namespace masktwins {
namespace {

// By how much the sides of images may shrink so that they still fit the network and are wide enough for what
// grows with the pixels to prevail: at least four of its smallest units.
int64_t shrinkage(const Config& config, int64_t multiple) {
  for (const int64_t factor : {4, 2})
    if (config.train.crop % (factor * multiple) == 0 && config.train.crop / factor >= 4 * multiple &&
        config.model.hr_crop % (factor * multiple) == 0)
      return factor;
  return 1;
}

double active_bytes() { return static_cast<double>(CachingAllocator::cpu().stats().active); }

// What a forward and backward pass over all masked views of a batch holds at its peak.
double graph_bytes(const Config& config, nn::SegmentationModel& model) {
  const int64_t side = config.train.crop;
  const Tensor images = Tensor::zeros({config.train.batch, config.model.in_channels, side, side});
  const Tensor labels = Tensor::zeros({config.train.batch, side, side}, DType::uint8);
  const double before = active_bytes();
  CachingAllocator::cpu().reset_peak();
  Tensor loss;
  for (int64_t view = 0; view < std::max<int64_t>(1, config.uda.masks); ++view) {
    const Tensor term = segmentation_loss(model.outputs(images), labels, {}, config.model.detail_weight);
    loss = loss.defined() ? add(loss, term) : term;
  }
  backward(loss);
  return static_cast<double>(CachingAllocator::cpu().stats().peak) - before;
}

std::string gigabytes(double bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GB", bytes * 1e-9);
  return text;
}

}  // namespace

MemoryEstimate estimate_memory(const Config& config, int64_t size_multiple) {
  const int64_t factor = shrinkage(config, size_multiple);
  Config small = config;
  small.train.crop /= factor;
  small.model.hr_crop /= factor;
  const auto model = build_network(small);
  optim::ParameterArena arena(*model);
  arena.allocate_gradients();
  // Student, teacher, gradients and the optimiser's moments.
  const double copies = config.train.optimizer == "sgd" ? 4 : 5;
  return {copies * static_cast<double>(arena.values().bytes()),
          graph_bytes(small, *model) * static_cast<double>(factor * factor)};
}

std::string memory_warning(const MemoryEstimate& estimate, double available) {
  if (estimate.total() <= available) return "";
  return "warning: a training step will need about " + gigabytes(estimate.total()) + ", " +
         gigabytes(available) + " are free; less: train.crop, train.batch, or model.checkpoint_blocks = 1000";
}

double available_memory() { return free_system_memory() + active_bytes(); }

}  // namespace masktwins
