// JSON as text, for files and logs. Names of files need not be UTF-8, which JSON must be: what is not becomes
// the replacement character.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace masktwins::data {

// In one line.
inline std::string json_line(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// Indented.
inline std::string json_text(const nlohmann::json& json) {
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace masktwins::data
