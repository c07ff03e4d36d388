// masktwins: domain-adaptive segmentation by complementary masks, from the command line.
#include <cstdio>
#include <new>

#include "masktwins/commands.h"
#include "masktwins/nearest_name.h"
#include "masktwins/signals.h"
#include "tensor/check.h"

namespace {

// In one line: what is wrong with which command, and what to do.
std::string usage_error(const CLI::App* program, const CLI::Error& error) {
  const CLI::App* command = program;
  std::string name = program->get_name();
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    name += " " + command->get_name();
  }
  const std::vector<std::string> unknown = command->remaining();
  std::vector<std::string> known;
  for (const CLI::App* other : command->get_subcommands({})) known.push_back(other->get_name());
  if (!unknown.empty() && !known.empty())
    return name + ": no command '" + unknown.front() + "'; did you mean '" +
           masktwins::nearest_name(unknown.front(), known) + "'?\n";
  return name + ": " + error.what() + "; " + name + " --help lists what there is\n";
}

constexpr int error_status = 1, usage_status = 2, stopped_status = 130;

int run(int argument_count, char** arguments) {
  CLI::App program("Domain-adaptive image segmentation by complementary masks (MaskTwins, ICML 2025)",
                   "masktwins");
  program.footer(
      "masktwins synth --out toy                        two synthetic domains to play with\n"
      "masktwins train toy/config.toml --out runs/toy   train on them\n"
      "masktwins eval --run runs/toy                    how good is the result?\n"
      "masktwins predict --run runs/toy IMAGE --out out segment images\n"
      "masktwins COMMAND --help                         options and examples");
  program.require_subcommand(1);
  program.failure_message(usage_error);
  masktwins::add_train_command(program);
  masktwins::add_eval_command(program);
  masktwins::add_predict_command(program);
  masktwins::add_import_command(program);
  masktwins::add_export_command(program);
  masktwins::add_keys_command(program);
  masktwins::add_synth_command(program);
  masktwins::add_stats_command(program);
  masktwins::add_convert_command(program);
  masktwins::add_bench_command(program);
  masktwins::add_doctor_command(program);
  try {
    program.parse(argument_count, arguments);
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? 0 : usage_status;
  }
  return 0;
}

}  // namespace

int main(int argument_count, char** arguments) {
  try {
    const int status = run(argument_count, arguments);
    const bool printed = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
    masktwins::require(printed, "the output cannot be written; is the disk full?");
    return status;
  } catch (const masktwins::Stopped& stopped) {
    std::fprintf(stderr, "%s\n", stopped.what());
    return stopped_status;
  } catch (const std::bad_alloc&) {
    std::fputs("masktwins: not enough memory; try a smaller train.batch, train.crop or model.width\n",
               stderr);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "masktwins: %s\n", error.what());
  }
  return error_status;
}
