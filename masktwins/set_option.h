// --set, the same for every command that takes settings.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace masktwins {

// `what` is changed, for the help: "the configuration".
void add_set_option(CLI::App& command, std::vector<std::string>& overrides, const std::string& what);

}  // namespace masktwins
