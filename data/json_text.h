// JSON as text, for files and logs. Names of files need not be UTF-8, which JSON must be: what is not becomes
// the replacement character.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace masktwins::data {

// Could it stand in JSON, and in TOML, as it is?
inline bool is_utf8(const std::string& text) {
  try {
    static_cast<void>(nlohmann::json(text).dump());
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

// In one line.
inline std::string json_line(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// Indented.
inline std::string json_text(const nlohmann::json& json) {
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace masktwins::data
