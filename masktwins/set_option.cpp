#include "masktwins/set_option.h"

namespace masktwins {

void add_set_option(CLI::App& command, std::vector<std::string>& overrides, const std::string& what) {
  command.add_option("--set", overrides, "key=value, changes " + what + "; may be repeated")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);  // what follows is the next argument
}

}  // namespace masktwins
