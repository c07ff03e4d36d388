#include <cstdio>

#include "masktwins/commands.h"
#include "masktwins/pretrained.h"
#include "masktwins/weights_file.h"
#include "masktwins/weights_options.h"
#include "tensor/check.h"

namespace masktwins {
namespace {

struct KeysOptions {
  std::string file;
  Network network = Network::student;
  ModelChoice choice;
};

void print_tensors(const char* kind, const StateDict& tensors, const std::vector<std::string>& names) {
  for (const std::string& name : names)
    std::printf("%s%s %s\n", kind, name.c_str(),
                concat_text(tensors.at(name).dtype(), " ", tensors.at(name).shape()).c_str());
}

void print_keys(const KeysOptions& options) {
  const NamedWeights weights = read_weights(options.file, options.network);
  std::vector<std::string> names;
  for (const auto& [name, tensor] : weights.tensors) names.push_back(name);
  for (const std::string& name : weights.ignored) std::printf("ignored %s\n", name.c_str());
  if (!options.choice.made()) {
    print_tensors("", weights.tensors, names);
    std::printf("%s: %s, %s\n", options.file.c_str(), weights.family.c_str(),
                size_text(weights.tensors).c_str());
    return;
  }
  const auto model = options.choice.build();
  const StateDict whole = state_of(*model), network = part_for(weights.tensors, whole);
  const KeyComparison keys = compare_keys(weights.tensors, network);
  print_tensors("matched ", network, keys.matched);
  for (const std::string& line : describe_differences(keys, weights.tensors, network))
    std::puts(line.c_str());
  const std::string other = (network.size() < whole.size() ? "the encoder of " : "") + options.choice.text();
  const std::string counts =
      concat_text(options.file, " (", weights.family, ") and ", other, ": ", keys.matched.size(),
                  " keys match, ", keys.missing.size(), " missing, ", keys.unexpected.size(), " unexpected, ",
                  keys.misshapen.size(), " mis-shaped");
  require(keys.all_match(), counts);
  std::puts(counts.c_str());
}

}  // namespace

void add_keys_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("keys", "List the tensors of a file, or how they fit a network");
  command->footer(
      "  masktwins keys mit_b5.pth\n"
      "  masktwins keys mit_b5.pth --model hrda-b5\n"
      "  masktwins keys weights.safetensors --run runs/first\n"
      "\n"
      "The exit status is 0 when every key matches. A file with an encoder alone is compared with the "
      "encoder alone.");
  auto options = std::make_shared<KeysOptions>();
  command->add_option("FILE", options->file, ".safetensors, .pth or .pt")->required();
  add_network_option(*command, options->network);
  options->choice.add_to(*command);
  command->callback([options] { print_keys(*options); });
}

}  // namespace masktwins
