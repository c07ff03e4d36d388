#include "masktwins/weight_names.h"

#include <algorithm>

#include "masktwins/joined_tensors.h"
#include "masktwins/name_rules.h"
#include "tensor/check.h"

namespace masktwins {
namespace {

// --- code bases ---

// How a code base names its weights. Names that no rule fits stay as they are when they become ours; it has
// none for ours that no rule fits. Without rules its names are ours.
struct Family {
  std::string name, description;
  std::string mark;  // at least one of its names begins so
  std::vector<NameRule> rules;
  std::vector<std::string> ignored;  // beginnings of names that no network here has
  bool encoder_alone = false;
  bool keys_and_values_apart = false;
  bool last_map_first = false;
};

const std::vector<Family> families = {
    {.name = "huggingface",
     .description = "Hugging Face's SegFormer",
     .mark = "segformer.encoder.",
     .rules = {{"segformer.encoder.patch_embeddings.{s}.proj.{*}", "backbone.patch_embed{S}.proj.{*}"},
               {"segformer.encoder.patch_embeddings.{s}.layer_norm.{*}", "backbone.patch_embed{S}.norm.{*}"},
               {"segformer.encoder.block.{s}.{i}.layer_norm_1.{*}", "backbone.block{S}.{i}.norm1.{*}"},
               {"segformer.encoder.block.{s}.{i}.attention.self.query.{*}",
                "backbone.block{S}.{i}.attn.q.{*}"},
               {"segformer.encoder.block.{s}.{i}.attention.self.key_value.{*}",
                "backbone.block{S}.{i}.attn.kv.{*}"},
               {"segformer.encoder.block.{s}.{i}.attention.self.sr.{*}", "backbone.block{S}.{i}.attn.sr.{*}"},
               {"segformer.encoder.block.{s}.{i}.attention.self.layer_norm.{*}",
                "backbone.block{S}.{i}.attn.norm.{*}"},
               {"segformer.encoder.block.{s}.{i}.attention.output.dense.{*}",
                "backbone.block{S}.{i}.attn.proj.{*}"},
               {"segformer.encoder.block.{s}.{i}.layer_norm_2.{*}", "backbone.block{S}.{i}.norm2.{*}"},
               {"segformer.encoder.block.{s}.{i}.mlp.dense1.{*}", "backbone.block{S}.{i}.mlp.fc1.{*}"},
               {"segformer.encoder.block.{s}.{i}.mlp.dwconv.{*}", "backbone.block{S}.{i}.mlp.dwconv.{*}"},
               {"segformer.encoder.block.{s}.{i}.mlp.dense2.{*}", "backbone.block{S}.{i}.mlp.fc2.{*}"},
               {"segformer.encoder.layer_norm.{s}.{*}", "backbone.norm{S}.{*}"},
               {"decode_head.linear_c.{*}", "decode_head.linear_c.{*}"},
               {"decode_head.linear_fuse.{*}", "decode_head.linear_fuse.conv.{*}"},
               {"decode_head.batch_norm.{*}", "decode_head.linear_fuse.bn.{*}"},
               {"decode_head.classifier.{*}", "decode_head.linear_pred.{*}"}},
     .ignored = {"classifier."},
     .keys_and_values_apart = true,
     .last_map_first = true},
    {.name = "mit",
     .description = "official Mix Transformer encoder",
     .mark = "patch_embed1.",
     .rules = {{"patch_embed{i}.{*}", "backbone.patch_embed{i}.{*}"},
               {"block{i}.{*}", "backbone.block{i}.{*}"},
               {"norm{i}.{*}", "backbone.norm{i}.{*}"}},
     .ignored = {"head."},
     .encoder_alone = true},
    {.name = "resnet",
     .description = "open-mmlab's ResNet encoder",
     .mark = "layer1.0.",
     .rules = {{"stem.{*}", "backbone.stem.{*}"}, {"layer{i}.{*}", "backbone.layer{i}.{*}"}},
     .ignored = {"fc."},
     .encoder_alone = true},
    {.name = "nvidia",
     .description = "NVIDIA's SegFormer",
     .mark = "decode_head.linear_c1.",
     .rules = {{"backbone.{*}", "backbone.{*}"},
               {"decode_head.linear_c{S}.{*}", "decode_head.linear_c.{s}.{*}"},
               {"decode_head.linear_fuse.{*}", "decode_head.linear_fuse.{*}"},
               {"decode_head.linear_pred.{*}", "decode_head.linear_pred.{*}"}},
     .ignored = {"decode_head.conv_seg."},
     .last_map_first = true},
    {.name = "mmseg",
     .description = "mmsegmentation's names",
     .mark = "backbone.",
     .rules = {},
     .ignored = {"auxiliary_head."}},
};

const std::string fused_weight = "decode_head.linear_fuse.conv.weight";
constexpr int64_t maps_of_encoder = 4;

bool any_begins(const StateDict& tensors, const std::string& beginning) {
  const auto first = tensors.lower_bound(beginning);
  return first != tensors.end() && first->first.starts_with(beginning);
}

void reverse_maps(StateDict& tensors) {
  const auto found = tensors.find(fused_weight);
  if (found != tensors.end()) found->second = reverse_inputs(found->second, maps_of_encoder);
}

// --- from their names ---

// The tensors below `prefix`, without it; all of them if there are none.
StateDict unwrapped(const StateDict& tensors, const std::string& prefix) {
  StateDict inner;
  for (const auto& [name, tensor] : with_prefix(tensors, prefix))
    inner.emplace(name.substr(prefix.size()), tensor);
  return inner.empty() ? tensors : inner;
}

struct NetworkPrefix {
  Network network;
  const char* name;
  std::string prefix;
};
const std::vector<NetworkPrefix> network_prefixes = {{Network::student, "student", "model."},
                                                     {Network::teacher, "teacher", "ema_model."},
                                                     {Network::imagenet, "ImageNet network", "imnet_model."}};

StateDict one_network(const StateDict& tensors, Network network) {
  std::vector<NetworkPrefix> present;
  for (const NetworkPrefix& candidate : network_prefixes)
    if (any_begins(tensors, candidate.prefix)) present.push_back(candidate);
  if (present.empty()) return tensors;
  const auto by_network = [network](const std::vector<NetworkPrefix>& list) {
    return std::ranges::find(list, network, &NetworkPrefix::network);
  };
  // A file that holds a "model" and nothing else says nothing about its part.
  if (present.size() == 1 && present[0].network == Network::student)
    return unwrapped(tensors, present[0].prefix);
  const auto found = by_network(present), wanted = by_network(network_prefixes);
  require(found != present.end(), "holds several networks, but no ", wanted->name, " (", wanted->prefix,
          "*)");
  return unwrapped(tensors, found->prefix);
}

// segformer.encoder.block.0.1.attention.self.key.weight and ...value.weight become ...key_value.weight.
StateDict joined_keys_and_values(const StateDict& theirs) {
  const std::string key = ".self.key.", value = ".self.value.", both = ".self.key_value.";
  StateDict result;
  for (const auto& [name, tensor] : theirs) {
    const std::size_t key_at = name.find(key), value_at = name.find(value);
    const auto renamed = [&](std::size_t place, const std::string& from, const std::string& to) {
      return std::string(name).replace(place, from.size(), to);
    };
    if (key_at != std::string::npos) {
      const auto partner = theirs.find(renamed(key_at, key, value));
      require(partner != theirs.end(), "has ", name, " without the value's");
      result.emplace(renamed(key_at, key, both), join_rows(tensor, partner->second));
    } else if (value_at == std::string::npos) {
      result.emplace(name, tensor);
    }
  }
  return result;
}

// --- to their names ---

StateDict parted_keys_and_values(const StateDict& theirs) {
  const std::string both = ".self.key_value.";
  StateDict result;
  for (const auto& [name, tensor] : theirs) {
    const std::size_t place = name.find(both);
    if (place == std::string::npos) {
      result.emplace(name, tensor);
      continue;
    }
    const auto [key, value] = halve_rows(tensor);
    result.emplace(std::string(name).replace(place, both.size(), ".self.key."), key);
    result.emplace(std::string(name).replace(place, both.size(), ".self.value."), value);
  }
  return result;
}

}  // namespace

NamedWeights with_our_names(const StateDict& theirs, Network network) {
  StateDict tensors = one_network(unwrapped(theirs, "state_dict."), network);
  tensors = unwrapped(tensors, "module.");
  const auto family =
      std::ranges::find_if(families, [&](const Family& f) { return any_begins(tensors, f.mark); });
  if (family == families.end()) return {std::move(tensors), "our own names", {}};
  if (family->keys_and_values_apart) tensors = joined_keys_and_values(tensors);
  NamedWeights result{{}, family->description, {}};
  for (const auto& [name, tensor] : tensors) {
    const auto begins = [&name = name](const std::string& beginning) { return name.starts_with(beginning); };
    if (std::ranges::any_of(family->ignored, begins)) result.ignored.push_back(name);
    else
      require(result.tensors.emplace(to_ours(family->rules, name).value_or(name), tensor).second, "has ",
              name, " twice, under two names");
  }
  if (family->last_map_first) reverse_maps(result.tensors);
  return result;
}

StateDict with_their_names(const StateDict& ours, const std::string& name) {
  const auto family = std::ranges::find(families, name, &Family::name);
  std::string known;
  for (const Family& other : families) known += (known.empty() ? "" : ", ") + other.name;
  require(family != families.end(), "no names of '", name, "' are known; known: ", known);
  StateDict tensors = ours, theirs;
  if (family->last_map_first) reverse_maps(tensors);
  if (family->rules.empty()) return tensors;
  std::string nameless;
  for (const auto& [our_name, tensor] : tensors)
    if (const auto their_name = to_theirs(family->rules, our_name)) theirs.emplace(*their_name, tensor);
    else nameless = our_name;
  const char* advice = "; --names mmseg fits every network";
  require(any_begins(theirs, family->mark), "--names ", name, ": these weights are not those of ",
          family->description, ", no name would begin with ", family->mark, advice);
  require(nameless.empty() || family->encoder_alone, "--names ", name, ": ", family->description, " has no ",
          nameless, advice);
  return family->keys_and_values_apart ? parted_keys_and_values(theirs) : theirs;
}

}  // namespace masktwins
