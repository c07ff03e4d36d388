#include <cstdio>

#include "data/safetensors.h"
#include "masktwins/commands.h"
#include "masktwins/pretrained.h"
#include "masktwins/weights_file.h"
#include "masktwins/weights_options.h"

namespace masktwins {
namespace {

struct ImportOptions {
  std::string file, out;
  Network network = Network::student;
  ModelChoice choice;
};

void import_weights(const ImportOptions& options) {
  const NamedWeights weights = read_weights(options.file, options.network);
  if (options.choice.made()) {
    const auto model = options.choice.build();
    load_state(options.file, weights.tensors, part_for(weights.tensors, state_of(*model)));
  }
  data::write_safetensors(options.out, {weights.tensors, {{"origin", weights.family}}});
  std::printf("%s: %s, %s from %s\n", options.out.c_str(), weights.family.c_str(),
              size_text(weights.tensors).c_str(), options.file.c_str());
  for (const std::string& name : weights.ignored) std::printf("ignored %s\n", name.c_str());
}

}  // namespace

void add_import_command(CLI::App& program) {
  CLI::App* command =
      program.add_subcommand("import", "Convert published weights to our names, in safetensors");
  command->footer(
      "  masktwins import mit_b5.pth --out mit_b5.safetensors --model hrda-b5\n"
      "  masktwins import iter_40000.pth --out teacher.safetensors --network teacher\n"
      "\n"
      "Reads .safetensors, .pth and .pt with the names of SegFormer, mmsegmentation, DAFormer, HRDA, MIC, "
      "MaskTwins,\n"
      "Hugging Face and open-mmlab; nothing in a file is executed. With --model or --run nothing is written "
      "unless\n"
      "every key matches.");
  auto options = std::make_shared<ImportOptions>();
  command->add_option("FILE", options->file, ".safetensors, .pth or .pt")->required();
  command->add_option("--out", options->out, "the .safetensors file to write")->required();
  add_network_option(*command, options->network);
  options->choice.add_to(*command);
  command->callback([options] { import_weights(*options); });
}

}  // namespace masktwins
