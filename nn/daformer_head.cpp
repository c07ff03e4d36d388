#include "nn/daformer_head.h"

#include "tensor/ops/dropout.h"
#include "tensor/ops/resize_bilinear.h"

namespace masktwins::nn {

ContextEmbedding::ContextEmbedding(int64_t in_channels, int64_t channels, Initializer& init)
    : conv_(in_channels, channels, 1, {}, init), aspp_(channels, channels, init) {
  register_module("0", conv_);
  register_module("1", aspp_);
}

// Enlarging and the 1x1 convolution may change places, see fuse_levels.
Tensor ContextEmbedding::forward(const Tensor& map, int64_t height, int64_t width) {
  return aspp_.forward({resize_bilinear(conv_.forward(map), height, width)});
}

namespace {

const std::string context_of_last_map = "context-f4";

std::unique_ptr<LevelFusion> fuse_layer(const std::string& fusion, std::size_t maps, int64_t channels,
                                        Initializer& init) {
  return build_fusion(fusion == context_of_last_map ? "conv1" : fusion, static_cast<int64_t>(maps) * channels,
                      channels, init);
}

}  // namespace

DaformerHead::DaformerHead(const std::vector<int64_t>& map_channels, int64_t channels, int64_t classes,
                           const std::string& fusion, double dropout, Initializer& init)
    : fuse_layer_(fuse_layer(fusion, map_channels.size(), channels, init)),
      conv_seg_({}, init.normal({classes, channels, 1, 1}, 0.01), Tensor::zeros({classes})),
      dropout_(dropout) {
  for (std::size_t i = 0; i < map_channels.size(); ++i) {
    const std::string name = "embed_layers." + std::to_string(i);
    if (fusion == context_of_last_map && i + 1 == map_channels.size()) {
      context_ = std::make_unique<ContextEmbedding>(map_channels[i], channels, init);
      register_module(name, *context_);
    } else {
      embed_layers_.push_back(std::make_unique<Linear>(map_channels[i], channels, init));
      register_module(name + ".proj", *embed_layers_[i]);
    }
  }
  register_module("fuse_layer", *fuse_layer_);
  register_module("conv_seg", conv_seg_);
}

Tensor DaformerHead::forward(const std::vector<Tensor>& maps) {
  std::vector<Tensor> embedded;
  for (std::size_t i = 0; i < embed_layers_.size(); ++i)
    embedded.push_back(embed_layers_[i]->forward(maps[i]));
  if (context_) embedded.push_back(context_->forward(maps.back(), maps[0].dim(2), maps[0].dim(3)));
  return conv_seg_.forward(dropout2d(fuse_layer_->forward(embedded), training() ? dropout_ : 0));
}

}  // namespace masktwins::nn
