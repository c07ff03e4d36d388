// Rules that translate parameter names between code bases, readable in both directions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace masktwins {

// A pattern is a name with places for what varies:
//   {s}  a stage, counted from 0        {S}  the same stage, counted from 1
//   {i}  a number                       {*}  whatever follows
// so that {"block.{s}.{i}.norm.{*}", "block{S}.{i}.norm1.{*}"} turns block.0.2.norm.bias into
// block1.2.norm1.bias, and back.
struct NameRule {
  std::string_view theirs, ours;
};

// `name` as the first rule that fits translates it, or nothing if none does.
std::optional<std::string> to_ours(const std::vector<NameRule>& rules, std::string_view name);
std::optional<std::string> to_theirs(const std::vector<NameRule>& rules, std::string_view name);

}  // namespace masktwins
