#include "masktwins/state_dict.h"

#include <algorithm>

#include "masktwins/nearest_name.h"
#include "tensor/check.h"

namespace masktwins {
namespace {

constexpr std::size_t most_listed = 10;

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

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (std::size_t i = 0; i < std::min(lines.size(), most_listed); ++i) text += "\n  " + lines[i];
  if (lines.size() > most_listed) text += "\n  and " + std::to_string(lines.size() - most_listed) + " more";
  return text;
}

// What keeps `from` from being loaded into `to`, one line each.
std::vector<std::string> differences(const StateDict& from, const StateDict& to) {
  const std::vector<std::string> missing = names_not_in(to, from), unexpected = names_not_in(from, to);
  std::vector<std::string> lines;
  for (const std::string& name : missing) {
    const std::string nearest = lines.size() < most_listed ? nearest_name(name, unexpected) : "";
    lines.push_back("missing " + name + " " + shape_text(to.at(name)) +
                    (nearest.empty() ? "" : ", the file has " + nearest));
  }
  for (const std::string& name : unexpected)
    lines.push_back("unexpected " + name + " " + shape_text(from.at(name)));
  for (const auto& [name, tensor] : to)
    if (const auto found = from.find(name); found != from.end() && !convertible(found->second, tensor))
      lines.push_back("mis-shaped " + name + ": file " + shape_text(found->second) + ", network " +
                      shape_text(tensor));
  return lines;
}

}  // namespace

StateDict with_prefix(const StateDict& tensors, const std::string& prefix) {
  StateDict result;
  for (const auto& [name, tensor] : tensors)
    if (name.starts_with(prefix)) result.emplace(name, tensor);
  return result;
}

void load_state(const std::string& source, const StateDict& from, const StateDict& to) {
  const std::vector<std::string> lines = differences(from, to);
  require(lines.empty(), source,
          ": belongs to another network; check [model] in the configuration:", joined(lines));
  for (const auto& [name, tensor] : to) {
    Tensor destination = tensor;  // the same memory
    destination.copy_from(from.at(name).to(tensor.dtype()).to(tensor.device()));
  }
}

}  // namespace masktwins
