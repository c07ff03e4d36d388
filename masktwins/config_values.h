// The value of one configuration key: reading it from TOML, writing it, and saying what is allowed.
#pragma once

#include <toml++/toml.h>
#include <string>

#include "masktwins/config_keys.h"

namespace masktwins {

// Takes the value from the node. False, with the value undefined, if its type or range is not allowed.
bool read_value(const toml::node& node, const ConfigKey& key);

// As TOML.
std::string written_value(const ConfigKey& key);

// "in [1, 1024]" or "one of "a", "b""; empty where everything of the right type is allowed.
std::string allowed_range(const ConfigKey& key);

// "an integer in [1, 1024]", "one of "a", "b"": what may follow "must be".
std::string allowed_values(const ConfigKey& key);

}  // namespace masktwins
