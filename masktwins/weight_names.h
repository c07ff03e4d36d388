// The names of weights in the code bases that publish them, and ours.
//
// Our names are those of mmsegmentation, DAFormer, HRDA and MIC: backbone.* and decode_head.*. Other
// families:
//   official MiT  the encoders mit_b0.pth ... mit_b5.pth: patch_embed1.proj.weight
//   NVIDIA        SegFormer's complete networks: decode_head.linear_c1.*
//   Hugging Face  SegFormer in transformers: segformer.encoder.*, keys and values apart
//   open-mmlab    ResNet v1c: stem.0.weight, layer1.0.conv1.weight
// NVIDIA and Hugging Face fuse the maps of the encoder with the last one first, we with the first one first.
//
// Checkpoints of DAFormer and its successors hold three networks: model.*, ema_model.*, imnet_model.* (the
// frozen ImageNet encoder). Tensors may be nested below state_dict and module.
#pragma once

#include <string>
#include <vector>

#include "masktwins/state_dict.h"

namespace masktwins {

// Of a checkpoint with several networks.
enum class Network { student, teacher, imagenet };

struct NamedWeights {
  StateDict tensors;                 // with our names
  std::string family;                // where the names came from, for people
  std::vector<std::string> ignored;  // keys that no segmentation network has, such as ImageNet's classifier
};

// A file with one network serves for all three. Error if it has several, but not this one.
NamedWeights with_our_names(const StateDict& theirs, Network network);

// Back to the names of another code base: "mmseg" (the same as ours), "nvidia" or "huggingface", or "mit" or
// "resnet", which name the encoder alone: the head is left out. Error for other names, and for networks that
// they do not have.
StateDict with_their_names(const StateDict& ours, const std::string& family);

}  // namespace masktwins
