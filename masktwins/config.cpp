#include "masktwins/config.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "data/json_text.h"
#include "masktwins/config_keys.h"
#include "masktwins/config_values.h"
#include "masktwins/nearest_name.h"
#include "tensor/check.h"

namespace masktwins {
namespace {

using Keys = std::vector<ConfigKey>;

std::string shown(const toml::node& node) {
  std::ostringstream text;
  node.visit([&](const auto& value) { text << value; });
  return text.str();
}

std::string line_of(const std::string& where, const toml::node& node) {
  return where + ":" + std::to_string(node.source().begin.line);
}

std::vector<std::string> names_of(const Keys& keys) {
  std::vector<std::string> names;
  for (const ConfigKey& key : keys) names.push_back(key.name);
  return names;
}

[[noreturn]] void unknown_key(const std::string& where, const std::string& name, const Keys& keys) {
  fail(where, ": unknown key '", name, "'; did you mean '", nearest_name(name, names_of(keys)), "'?");
}

const ConfigKey* find_key(const Keys& keys, const std::string& name) {
  const auto found = std::ranges::find(keys, name, &ConfigKey::name);
  return found == keys.end() ? nullptr : &*found;
}

void assign(const toml::node& node, const ConfigKey& key, const std::string& where) {
  if (!read_value(node, key))
    fail(where, ": ", key.name, " must be ", allowed_values(key), ", got ", shown(node));
}

bool is_section(const Keys& keys, const std::string& name) {
  return std::ranges::any_of(keys, [&](const ConfigKey& key) { return key.name.starts_with(name + "."); });
}

// Assigns every key below `table`, whose own name is `prefix` ("train." or empty).
void assign_table(const toml::table& table, const std::string& prefix, const Keys& keys,
                  const std::string& where, std::set<std::string>& assigned) {
  for (const auto& [short_name, node] : table) {
    const std::string name = prefix + std::string(short_name.str());
    if (const ConfigKey* key = find_key(keys, name)) {
      assign(node, *key, line_of(where, node));
      assigned.insert(name);
    } else if (node.is_table() && is_section(keys, name)) {
      assign_table(*node.as_table(), name + ".", keys, where, assigned);
    } else {
      unknown_key(line_of(where, node), name, keys);
    }
  }
}

// "train.lr=1e-3": the part after '=' is a TOML value, or for keys with strings any text.
void assign_override(const std::string& text, const Keys& keys, std::set<std::string>& assigned) {
  const std::string where = "--set " + text;
  const std::size_t equals = text.find('=');
  require(equals != std::string::npos, where, ": write it as key=value");
  require(data::is_utf8(text), where,
          ": is not UTF-8, which the run's config.toml must be; rename the file or folder");
  const std::string name = text.substr(0, equals), value = text.substr(equals + 1);
  const ConfigKey* key = find_key(keys, name);
  if (!key) unknown_key(where, name, keys);
  toml::table table;
  try {
    table = toml::parse("value = " + value);
  } catch (const toml::parse_error&) {
    table.insert("value", value);  // bare text
  }
  const bool wants_text = std::holds_alternative<std::string*>(key->target) ||
                          std::holds_alternative<std::vector<std::string>*>(key->target);
  if (wants_text && !table["value"].is_string() && !table["value"].is_array())
    table.insert_or_assign("value", value);
  assign(*table.get("value"), *key, where);
  assigned.insert(name);
}

}  // namespace

Config parse_config(const std::string& toml, const std::string& where,
                    const std::vector<std::string>& overrides) {
  Config config;
  const Keys keys = config_keys(config);
  std::set<std::string> assigned;
  try {
    assign_table(toml::parse(toml), "", keys, where, assigned);
  } catch (const toml::parse_error& error) {
    fail(where, ":", error.source().begin.line, ": not valid TOML: ", error.description());
  }
  for (const std::string& text : overrides) assign_override(text, keys, assigned);
  apply_mode_preset(config, assigned);
  apply_augment_preset(config, assigned);
  check(config);
  return config;
}

Config read_config(const std::string& path, const std::vector<std::string>& overrides) {
  std::ifstream file(path);
  require(file.good(), path, ": cannot read this configuration file; check the path");
  std::ostringstream text;
  text << file.rdbuf();
  require(!file.bad() && !text.fail(), path,
          ": is empty or a folder; a configuration is a text file such as those in configs/");
  return parse_config(text.str(), path, overrides);
}

void apply_augment_preset(Config& config, const std::set<std::string>& explicit_keys) {
  if (config.augment_preset != "street") return;
  Config street;
  street.augment = data::street_augmentation();
  const Keys from = config_keys(street), to = config_keys(config);
  for (std::size_t i = 0; i < to.size(); ++i) {
    const bool own = to[i].name.starts_with("augment.") && to[i].name != "augment.preset";
    if (!own || explicit_keys.contains(to[i].name)) continue;
    std::visit(
        [&](auto* value) { *value = *std::get<std::remove_reference_t<decltype(value)>>(from[i].target); },
        to[i].target);
  }
}

void apply_mode_preset(Config& config, const std::set<std::string>& explicit_keys) {
  UdaConfig& uda = config.uda;
  const auto set = [&](const char* name, auto& member, const auto& value) {
    if (!explicit_keys.contains(name)) member = value;
  };
  const bool twins = uda.mode == "masktwins" || uda.mode == "random-twin" || uda.mode == "paper";
  if (!twins) {
    set("uda.masks", uda.masks, uda.mode == "mic" ? 1 : 0);
    set("uda.cm_weight", uda.cm_weight, 0);
  }
  const bool selftrained = uda.mode != "source-only" && uda.mode != "advent" && uda.mode != "advseg";
  if (selftrained && uda.mode != "paper" && uda.mode != "dacs" && !config.model.pretrained.empty())
    set("uda.feature_distance_weight", uda.feature_distance_weight, 0.005);
  if (uda.mode == "advent") set("uda.entropy_weight", uda.entropy_weight, 0.001);
  if (uda.mode == "advseg") set("uda.adversarial_weight", uda.adversarial_weight, 0.001);
  if (uda.mode == "mic") set("uda.mask_ratio", uda.mask_ratio, std::vector{0.7});
  if (uda.mode == "random-twin") set("uda.complementary", uda.complementary, false);
  if (uda.mode == "paper") {
    set("uda.quality_weight", uda.quality_weight, false);
    set("uda.threshold", uda.threshold, 0.7);
    set("uda.cm_loss", uda.cm_loss, "l2_prob");
  }
  if (uda.mode == "paper" || !selftrained) set("uda.class_mix", uda.class_mix, false);
}

std::string to_toml(const Config& config) {
  Config copy = config;
  std::string text, section;
  for (const ConfigKey& key : config_keys(copy)) {
    const std::size_t dot = key.name.rfind('.');
    const std::string own_section = dot == std::string::npos ? "" : key.name.substr(0, dot);
    if (own_section != section) text += "\n[" + own_section + "]\n";
    section = own_section;
    const std::string line = key.name.substr(dot + 1) + " = " + written_value(key);
    const std::string gap(line.size() < 32 ? 32 - line.size() : 1, ' ');
    const std::string range = allowed_range(key);
    text += line + gap + "# " + key.help + (range.empty() ? "" : "; " + range) + "\n";
  }
  return text;
}

std::vector<std::string> changed_settings(const Config& before, const Config& after) {
  Config old_copy = before, new_copy = after;
  const Keys old_keys = config_keys(old_copy), new_keys = config_keys(new_copy);
  std::vector<std::string> changes;
  for (std::size_t i = 0; i < new_keys.size(); ++i) {
    const std::string was = written_value(old_keys[i]), is = written_value(new_keys[i]);
    if (new_keys[i].changes_result && was != is)
      changes.push_back(new_keys[i].name + " = " + is + ", was " + was);
  }
  return changes;
}

uint64_t config_hash(const Config& config) {
  // FNV-1a over "key=value" lines.
  Config copy = config;
  uint64_t hash = 0xcbf29ce484222325u;
  for (const ConfigKey& key : config_keys(copy)) {
    if (!key.changes_result) continue;
    for (const char character : key.name + "=" + written_value(key) + "\n")
      hash = (hash ^ static_cast<uint8_t>(character)) * 0x100000001b3u;
  }
  return hash;
}

}  // namespace masktwins
