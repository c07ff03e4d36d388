#include "masktwins/name_rules.h"

#include <charconv>

namespace masktwins {
namespace {

constexpr std::string_view stage_from_0 = "{s}", stage_from_1 = "{S}", number = "{i}", rest = "{*}";

struct Places {
  int stage = 0, number = 0;
  std::string_view rest;
};

// Takes a number from the front of `name`; false if there is none.
bool take_number(std::string_view& name, int& value) {
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), value);
  if (parsed.ec != std::errc() || name.front() == '-') return false;
  name.remove_prefix(static_cast<std::size_t>(parsed.ptr - name.data()));
  return true;
}

std::optional<Places> match(std::string_view pattern, std::string_view name) {
  Places places;
  while (!pattern.empty()) {
    if (pattern.starts_with(rest)) {
      places.rest = name;
      return places;
    }
    if (pattern.starts_with('{')) {
      const bool is_number = pattern.starts_with(number);
      if (!take_number(name, is_number ? places.number : places.stage)) return {};
      if (pattern.starts_with(stage_from_1)) --places.stage;
      pattern.remove_prefix(number.size());
    } else {
      if (name.empty() || name.front() != pattern.front()) return {};
      name.remove_prefix(1);
      pattern.remove_prefix(1);
    }
  }
  if (!name.empty()) return {};
  return places;
}

std::string fill(std::string_view pattern, const Places& places) {
  std::string name;
  while (!pattern.empty()) {
    if (pattern.front() != '{') {
      name += pattern.front();
      pattern.remove_prefix(1);
      continue;
    }
    if (pattern.starts_with(stage_from_0)) name += std::to_string(places.stage);
    if (pattern.starts_with(stage_from_1)) name += std::to_string(places.stage + 1);
    if (pattern.starts_with(number)) name += std::to_string(places.number);
    if (pattern.starts_with(rest)) name += places.rest;
    pattern.remove_prefix(rest.size());
  }
  return name;
}

std::optional<std::string> translate(const std::vector<NameRule>& rules, std::string_view NameRule::*from,
                                     std::string_view NameRule::*to, std::string_view name) {
  for (const NameRule& rule : rules)
    if (const auto places = match(rule.*from, name)) return fill(rule.*to, *places);
  return {};
}

}  // namespace

std::optional<std::string> to_ours(const std::vector<NameRule>& rules, std::string_view name) {
  return translate(rules, &NameRule::theirs, &NameRule::ours, name);
}

std::optional<std::string> to_theirs(const std::vector<NameRule>& rules, std::string_view name) {
  return translate(rules, &NameRule::ours, &NameRule::theirs, name);
}

}  // namespace masktwins
