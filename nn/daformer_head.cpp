#include "nn/daformer_head.h"

#include "tensor/ops/dropout.h"

namespace masktwins::nn {

DaformerHead::DaformerHead(const std::vector<int64_t>& map_channels, int64_t channels, int64_t classes,
                           const std::string& fusion, double dropout, Initializer& init)
    : fuse_layer_(build_fusion(fusion, static_cast<int64_t>(map_channels.size()) * channels, channels, init)),
      conv_seg_({}, init.normal({classes, channels, 1, 1}, 0.01), Tensor::zeros({classes})),
      dropout_(dropout) {
  for (std::size_t i = 0; i < map_channels.size(); ++i) {
    embed_layers_.push_back(std::make_unique<Linear>(map_channels[i], channels, init));
    register_module("embed_layers." + std::to_string(i) + ".proj", *embed_layers_[i]);
  }
  register_module("fuse_layer", *fuse_layer_);
  register_module("conv_seg", conv_seg_);
}

Tensor DaformerHead::forward(const std::vector<Tensor>& maps) {
  std::vector<Tensor> embedded;
  for (std::size_t i = 0; i < maps.size(); ++i) embedded.push_back(embed_layers_[i]->forward(maps[i]));
  return conv_seg_.forward(dropout2d(fuse_layer_->forward(embedded), training() ? dropout_ : 0));
}

}  // namespace masktwins::nn
