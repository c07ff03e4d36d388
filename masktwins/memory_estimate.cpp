#include "masktwins/memory_estimate.h"

#include <algorithm>

#include "kernels/common/cuda.h"
#include "masktwins/network.h"
#include "masktwins/segmentation_loss.h"
#include "masktwins/train_step.h"
#include "optim/parameter_arena.h"
#include "tensor/allocator.h"
#include "tensor/autocast.h"
#include "tensor/autograd.h"
#include "tensor/dispatch.h"
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

double active_bytes(Device device) {
  return static_cast<double>(CachingAllocator::of(device).stats().active);
}

// The largest graph of a step: one pass over the source images, or one over the masked ones for each view.
struct Graph {
  int64_t passes, images;
};

Graph largest_graph(const Config& config) {
  const int64_t source = config.train.batch;
  const int64_t target = config.train.target_batch > 0 ? config.train.target_batch : source;
  const std::string& where = config.uda.mask_image;
  const int64_t masked = where == "both" ? 1 : where == "source" ? source : target;
  const int64_t views = config.uda.save_memory ? std::min<int64_t>(1, config.uda.masks) : config.uda.masks;
  return views * masked > source ? Graph{views, masked} : Graph{1, source};
}

// What its forward and backward pass hold at their peak.
double graph_bytes(const Config& config, nn::SegmentationModel& model) {
  const AutocastScope autocast(precision_of(config.train));
  const Device device = model.device();
  const Graph graph = largest_graph(config);
  const int64_t side = config.train.crop;
  const Tensor images = Tensor::zeros({graph.images, config.model.in_channels, side, side}).to(device);
  const Tensor labels = Tensor::zeros({graph.images, side, side}, DType::uint8).to(device);
  const double before = active_bytes(device);
  CachingAllocator::of(device).reset_peak();
  Tensor loss;
  for (int64_t pass = 0; pass < graph.passes; ++pass) {
    const Tensor term = segmentation_loss(model.outputs(images), labels, {}, config.model.detail_weight);
    loss = loss.defined() ? add(loss, term) : term;
  }
  backward(loss);
  return static_cast<double>(CachingAllocator::of(device).stats().peak) - before;
}

std::string gigabytes(double bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GB", bytes * 1e-9);
  return text;
}

}  // namespace

MemoryEstimate estimate_memory(const Config& config, int64_t size_multiple, Device device) {
  const int64_t factor = shrinkage(config, size_multiple);
  Config small = config;
  small.train.crop /= factor;
  small.model.hr_crop /= factor;
  const auto model = build_network(small, device);
  optim::ParameterArena arena(*model);
  arena.allocate_gradients();
  // Student, teacher, gradients, the optimiser's moments, and both networks in 16 bits.
  const double copies =
      (config.train.optimizer == "sgd" ? 4 : 5) + (precision_of(config.train) == DType::float32 ? 0 : 1);
  return {copies * static_cast<double>(arena.values().bytes()),
          graph_bytes(small, *model) * static_cast<double>(factor * factor)};
}

std::string memory_warning(const MemoryEstimate& estimate, double available) {
  if (estimate.total() <= available) return "";
  return "warning: a training step will need about " + gigabytes(estimate.total()) + ", " +
         gigabytes(available) + " are free; less: train.crop, train.batch, or model.checkpoint_blocks = 1000";
}

double available_memory(Device device) {
  double free = free_system_memory();
  if constexpr (built_with_cuda)
    if (device == Device::cuda)
      free = static_cast<double>(kernels::cuda::describe_device().free_memory +
                                 CachingAllocator::of(device).stats().cached);
  return free + active_bytes(device);
}

}  // namespace masktwins
