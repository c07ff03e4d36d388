#include "nn/segmentation_model.h"

namespace masktwins::nn {

Tensor SegmentationModel::features(const Tensor&) {
  fail(
      "features: this network has no encoder that could be pretrained; use one of the segformer, daformer, "
      "hrda or "
      "deeplabv2 family");
}

namespace {

std::map<std::string, ModelBuilder>& registry() {
  static std::map<std::string, ModelBuilder> models;
  return models;
}

}  // namespace

const std::map<std::string, ModelBuilder>& registered_models() { return registry(); }

RegisterModel::RegisterModel(const std::string& name, ModelBuilder builder) {
  require(registry().emplace(name, std::move(builder)).second, "network ", name, " is registered twice");
}

std::unique_ptr<SegmentationModel> build_model(const std::string& name, const ModelOptions& options) {
  const auto found = registry().find(name);
  if (found == registry().end()) {
    std::string known;
    for (const auto& [other, builder] : registry()) known += (known.empty() ? "" : ", ") + other;
    fail("model.name: no network is called '", name, "'; known: ", known);
  }
  return found->second(options);
}

}  // namespace masktwins::nn
