#include "masktwins/checkpointed_outputs.h"

#include <algorithm>

#include "tensor/autograd.h"
#include "tensor/ops/concat_channels.h"
#include "tensor/ops/crop.h"
#include "tensor/ops/pad.h"
#include "tensor/ops/slice_channels.h"

namespace masktwins {
namespace {

// A checkpoint has one result, so logits and detail logits travel as one tensor: both padded to a common
// size, one after the other over channels.
Tensor pack(const nn::SegmentationOutput& output) {
  if (!output.detail_logits.defined()) return output.logits;
  const int64_t height = std::max(output.logits.dim(2), output.detail_logits.dim(2));
  const int64_t width = std::max(output.logits.dim(3), output.detail_logits.dim(3));
  return concat_channels(
      {pad(output.logits, 0, 0, height, width), pad(output.detail_logits, 0, 0, height, width)});
}

Tensor unpack(const Tensor& packed, int64_t first, const Shape& shape) {
  return crop(slice_channels(packed, first, shape[1]), 0, 0, shape[2], shape[3]);
}

}  // namespace

nn::SegmentationOutput checkpointed_outputs(nn::SegmentationModel& model, const Tensor& images) {
  struct Layout {
    Shape logits, detail_logits;
    nn::Window detail_window;
  };
  const auto layout = std::make_shared<Layout>();
  const Tensor packed = checkpoint(
      [&model, layout](const std::vector<Tensor>& inputs) {
        const nn::SegmentationOutput output = model.outputs(inputs[0]);
        *layout = {
            .logits = output.logits.shape(), .detail_logits = {}, .detail_window = output.detail_window};
        if (output.detail_logits.defined()) layout->detail_logits = output.detail_logits.shape();
        return pack(output);
      },
      {images});
  if (layout->detail_logits.rank() == 0) return {.logits = packed};
  return {.logits = unpack(packed, 0, layout->logits),
          .detail_logits = unpack(packed, layout->logits[1], layout->detail_logits),
          .detail_window = layout->detail_window};
}

}  // namespace masktwins
