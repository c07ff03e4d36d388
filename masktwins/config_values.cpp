#include "masktwins/config_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace masktwins {
namespace {

std::string written(bool value) { return value ? "true" : "false"; }
std::string written(int64_t value) { return std::to_string(value); }

// The shortest text that reads back as the same number, without exponent where that is easy to read. TOML
// floats need a point or an exponent.
std::string written(double value) {
  const double size = std::abs(value);
  const bool easy = size == 0 || (size >= 1e-4 && size < 1e7);
  char text[64];
  const auto format = easy ? std::chars_format::fixed : std::chars_format::scientific;
  std::string result(text, std::to_chars(text, text + sizeof text, value, format).ptr);
  if (result.find_first_of(".e") == std::string::npos) result += ".0";
  return result;
}

// A basic string of TOML.
std::string written(const std::string& value) {
  std::string text = "\"";
  for (const char character : value) {
    if (character == '"' || character == '\\') text += '\\';
    if (static_cast<unsigned char>(character) >= 32 && character != 127) {
      text += character;
    } else {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04X", static_cast<unsigned>(character));
      text += code;
    }
  }
  return text + "\"";
}

template <class T>
std::string written(const std::vector<T>& values) {
  std::string text = "[";
  for (std::size_t i = 0; i < values.size(); ++i) text += (i ? ", " : "") + written(values[i]);
  return text + "]";
}

std::string written(const std::map<int64_t, int64_t>& values) {
  std::string text;
  for (const auto& [from, to] : values)
    text += (text.empty() ? "{ " : ", ") + std::to_string(from) + " = " + std::to_string(to);
  return text.empty() ? "{}" : text + " }";
}

std::string range_text(Range range) {
  const auto end = [](double value) {
    return value == std::floor(value) && std::abs(value) < 1e15 ? std::to_string(static_cast<int64_t>(value))
                                                                : written(value);
  };
  return "in [" + end(range.low) + ", " + end(range.high) + "]";
}

// Also false for NaN.
bool within(double value, Range range) { return value >= range.low && value <= range.high; }

// Each read() takes `value` from `node` and says whether it is allowed.
bool read(const toml::node& node, const ConfigKey&, bool& value) {
  const auto found = node.value_exact<bool>();
  if (found) value = *found;
  return found.has_value();
}

bool read(const toml::node& node, const ConfigKey& key, int64_t& value) {
  const auto found = node.value_exact<int64_t>();
  if (found) value = *found;
  return found && within(static_cast<double>(value), key.range);
}

bool read(const toml::node& node, const ConfigKey& key, double& value) {
  const auto found = node.is_number() ? node.value<double>() : std::nullopt;
  if (found) value = *found;
  return found && within(value, key.range);
}

bool read(const toml::node& node, const ConfigKey& key, std::string& value) {
  const auto found = node.value_exact<std::string>();
  if (found) value = *found;
  return found && (key.choices.empty() || std::ranges::count(key.choices, value) > 0);
}

template <class T>
bool read_list(const toml::array& array, const ConfigKey& key, std::vector<T>& values) {
  values.clear();
  for (const toml::node& element : array)
    if (!read(element, key, values.emplace_back())) return false;
  return true;
}

bool read(const toml::node& node, const ConfigKey& key, std::vector<double>& values) {
  if (const toml::array* array = node.as_array()) return !array->empty() && read_list(*array, key, values);
  values.resize(1);
  return read(node, key, values[0]);
}

bool read(const toml::node& node, const ConfigKey& key, std::vector<std::string>& values) {
  if (const toml::array* array = node.as_array()) return read_list(*array, key, values);
  values.resize(1);
  const bool good = read(node, key, values[0]);
  if (good && values[0].empty()) values.clear();  // "" is no entry, as []
  return good;
}

bool read(const toml::node& node, const ConfigKey& key, std::map<int64_t, int64_t>& values) {
  const toml::table* table = node.as_table();
  if (!table) return false;
  values.clear();
  for (const auto& [name, element] : *table) {
    const std::string_view text = name.str();
    int64_t from = 0, to = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), from);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return false;
    if (!within(static_cast<double>(from), key.range) || !read(element, key, to)) return false;
    values[from] = to;
  }
  return true;
}

}  // namespace

std::string written_value(const ConfigKey& key) {
  return std::visit([](const auto* value) { return written(*value); }, key.target);
}

std::string allowed_range(const ConfigKey& key) {
  if (!key.choices.empty()) {
    std::string text = "one of";
    for (const std::string& choice : key.choices) text += (text == "one of" ? " \"" : ", \"") + choice + "\"";
    return text;
  }
  return key.range.low < key.range.high ? range_text(key.range) : "";
}

std::string allowed_values(const ConfigKey& key) {
  const struct {
    std::string range;
    std::string operator()(bool*) const { return "true or false"; }
    std::string operator()(int64_t*) const { return "an integer " + range; }
    std::string operator()(double*) const { return "a number " + range; }
    std::string operator()(std::string*) const { return range.empty() ? "a string" : range; }
    std::string operator()(std::vector<double>*) const { return "a number or a list of numbers " + range; }
    std::string operator()(std::vector<std::string>*) const { return "a string or a list of strings"; }
    std::string operator()(std::map<int64_t, int64_t>*) const {
      return "a table such as { 0 = 0, 255 = 1 } of label values " + range + " and classes";
    }
  } text{allowed_range(key)};
  return std::visit(text, key.target);
}

bool read_value(const toml::node& node, const ConfigKey& key) {
  return std::visit([&](auto* value) { return read(node, key, *value); }, key.target);
}

}  // namespace masktwins
