#include "nn/segformer_head.h"

#include "tensor/ops/dropout.h"

namespace masktwins::nn {

SegformerHead::SegformerHead(const std::vector<int64_t>& map_channels, int64_t channels, int64_t classes,
                             double dropout, Initializer& init)
    : linear_fuse_(static_cast<int64_t>(map_channels.size()) * channels, channels, init),
      linear_pred_({}, init.normal({classes, channels, 1, 1}, 0.01), Tensor::zeros({classes})),
      dropout_(dropout) {
  for (std::size_t i = 0; i < map_channels.size(); ++i) {
    linear_c_.push_back(std::make_unique<Linear>(map_channels[i], channels, init));
    register_module("linear_c." + std::to_string(i) + ".proj", *linear_c_[i]);
  }
  register_module("linear_fuse", linear_fuse_);
  register_module("linear_pred", linear_pred_);
}

Tensor SegformerHead::forward(const std::vector<Tensor>& maps) {
  std::vector<Tensor> embedded;
  for (std::size_t i = 0; i < maps.size(); ++i) embedded.push_back(linear_c_[i]->forward(maps[i]));
  return linear_pred_.forward(dropout2d(linear_fuse_.forward(embedded), training() ? dropout_ : 0));
}

}  // namespace masktwins::nn
