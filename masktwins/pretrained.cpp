#include "masktwins/pretrained.h"

#include <filesystem>

#include "masktwins/weights_file.h"
#include "tensor/check.h"

namespace masktwins {
namespace {

const std::string encoder_prefix = "backbone.", head_prefix = "decode_head.";

StateDict without_prefix(const StateDict& tensors, const std::string& prefix) {
  StateDict rest;
  for (const auto& [name, tensor] : tensors)
    if (!name.starts_with(prefix)) rest.emplace(name, tensor);
  return rest;
}

NamedWeights read_existing(const std::string& path, Network network) {
  require(std::filesystem::exists(path), "model.pretrained: ", path,
          ": no such file; README.md says where published weights come from. With model.pretrained = \"\" "
          "training "
          "starts from random numbers");
  return read_weights(path, network);
}

}  // namespace

StateDict part_for(const StateDict& weights, const StateDict& network) {
  const StateDict encoder = with_prefix(network, encoder_prefix);
  const bool no_head = with_prefix(weights, head_prefix).empty();
  return no_head && !encoder.empty() && !with_prefix(weights, encoder_prefix).empty() ? encoder : network;
}

std::string load_pretrained(const std::string& path, nn::SegmentationModel& model) {
  const NamedWeights weights = read_existing(path, Network::student);
  const StateDict network = state_of(model), encoder = with_prefix(network, encoder_prefix);
  const std::string loaded =
      concat_text("loaded from ", path, " (", weights.family, "; ", size_text(weights.tensors), ")");
  if (encoder.empty()) {
    load_state(path, weights.tensors, network);
    return "the whole network was " + loaded;
  }
  load_state(path, with_prefix(weights.tensors, encoder_prefix), encoder);
  const StateDict head = without_prefix(network, encoder_prefix);
  const StateDict head_weights = without_prefix(weights.tensors, encoder_prefix);
  if (head_weights.empty()) return "the encoder was " + loaded + ", the head starts from random numbers";
  const KeyComparison keys = compare_keys(head_weights, head);
  if (!keys.all_match())
    return concat_text("the encoder was ", loaded,
                       ", the head starts from random numbers because the file's does not fit (",
                       describe_differences(keys, head_weights, head).front(), ")");
  load_state(path, head_weights, head);
  return "encoder and head were " + loaded;
}

void load_encoder(const std::string& path, nn::Module& encoder) {
  const NamedWeights weights = read_existing(path, Network::imagenet);
  load_state(path, with_prefix(weights.tensors, encoder_prefix), state_of(encoder, encoder_prefix));
}

}  // namespace masktwins
