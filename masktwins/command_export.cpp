#include <cstdio>

#include "data/safetensors.h"
#include "masktwins/commands.h"
#include "masktwins/weights_file.h"
#include "masktwins/weights_options.h"

namespace masktwins {
namespace {

struct ExportOptions {
  std::string file, out, names = "mmseg";
  Network network = Network::student;
};

void export_weights(const ExportOptions& options) {
  const NamedWeights weights = read_weights(options.file, options.network);
  const StateDict theirs = with_their_names(weights.tensors, options.names);
  data::write_safetensors(options.out, {theirs, {{"format", "pt"}}});
  std::printf("%s: %s\n", options.out.c_str(), size_text(theirs).c_str());
  const std::string head = "decode_head.";
  const StateDict left_out = with_prefix(weights.tensors, head);
  if (with_prefix(theirs, head).empty() && !left_out.empty())
    std::printf("left out: the head, %s, because the names of %s are those of encoders\n",
                size_text(left_out).c_str(), options.names.c_str());
}

}  // namespace

void add_export_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("export", "Convert weights to another code base's names");
  command->footer(
      "  masktwins export runs/first/checkpoints/last.safetensors --names huggingface --out "
      "model.safetensors\n"
      "\n"
      "In PyTorch: model.load_state_dict(safetensors.torch.load_file(\"model.safetensors\"))");
  auto options = std::make_shared<ExportOptions>();
  command->add_option("FILE", options->file, "a checkpoint, or any other file that import reads")->required();
  command->add_option("--out", options->out, "the .safetensors file to write")->required();
  command
      ->add_option("--names", options->names,
                   "mmseg, nvidia, huggingface, or of the encoder alone mit, resnet")
      ->capture_default_str();
  add_network_option(*command, options->network);
  command->callback([options] { export_weights(*options); });
}

}  // namespace masktwins
