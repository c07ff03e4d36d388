#include "masktwins/state_dict.h"

#include <algorithm>

#include "masktwins/nearest_name.h"
#include "tensor/check.h"

namespace masktwins {
namespace {

constexpr std::size_t most_listed = 3;

std::vector<std::string> names_not_in(const StateDict& tensors, const StateDict& others) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors)
    if (!others.contains(name)) names.push_back(name);
  return names;
}

std::string shape_text(const Tensor& tensor) { return concat_text(tensor.dtype(), " ", tensor.shape()); }

bool convertible(const Tensor& from, const Tensor& to) {
  return from.shape() == to.shape() &&
         (from.dtype() == to.dtype() || (is_floating(from.dtype()) && is_floating(to.dtype())));
}

// The first of them.
std::string listed(const std::vector<std::string>& differences) {
  std::string text;
  for (std::size_t i = 0; i < std::min(differences.size(), most_listed); ++i)
    text += (text.empty() ? "" : "; ") + differences[i];
  if (differences.size() > most_listed)
    text += concat_text("; and ", differences.size() - most_listed, " more");
  return text;
}

}  // namespace

StateDict state_of(const nn::Module& module, const std::string& prefix) {
  StateDict state;
  for (const auto& [name, tensor] : module.named_parameters()) state.emplace(prefix + name, *tensor);
  for (const auto& [name, tensor] : module.named_buffers()) state.emplace(prefix + name, *tensor);
  return state;
}

StateDict with_prefix(const StateDict& tensors, const std::string& prefix) {
  StateDict result;
  for (const auto& [name, tensor] : tensors)
    if (name.starts_with(prefix)) result.emplace(name, tensor);
  return result;
}

KeyComparison compare_keys(const StateDict& file, const StateDict& network) {
  KeyComparison keys{{}, names_not_in(network, file), names_not_in(file, network), {}};
  std::erase_if(keys.missing, [](const std::string& name) { return name.ends_with(".num_batches_tracked"); });
  for (const auto& [name, tensor] : network)
    if (const auto found = file.find(name); found != file.end())
      (convertible(found->second, tensor) ? keys.matched : keys.misshapen).push_back(name);
  return keys;
}

std::vector<std::string> describe_differences(const KeyComparison& keys, const StateDict& file,
                                              const StateDict& network) {
  std::vector<std::string> lines;
  const auto list = [&lines](const char* kind, const std::vector<std::string>& names,
                             const StateDict& tensors, const char* other_side,
                             const std::vector<std::string>& candidates) {
    for (const std::string& name : names) {
      const std::string nearest = nearest_name(name, candidates);
      lines.push_back(
          concat_text(kind, " ", name, " ", shape_text(tensors.at(name)),
                      nearest.empty() ? "" : concat_text(", the ", other_side, " has ", nearest)));
    }
  };
  list("missing", keys.missing, network, "file", keys.unexpected);
  list("unexpected", keys.unexpected, file, "network", keys.missing);
  for (const std::string& name : keys.misshapen)
    lines.push_back("mis-shaped " + name + ": file " + shape_text(file.at(name)) + ", network " +
                    shape_text(network.at(name)));
  return lines;
}

void load_state(const std::string& source, const StateDict& file, const StateDict& network) {
  const KeyComparison keys = compare_keys(file, network);
  require(keys.all_match(), source, ": belongs to another network (",
          listed(describe_differences(keys, file, network)),
          "); check [model] in the configuration, masktwins keys compares all names");
  for (const std::string& name : keys.matched) {
    Tensor destination = network.at(name);  // the same memory
    destination.copy_from(file.at(name).to(destination.dtype()).to(destination.device()));
  }
}

}  // namespace masktwins
