// The subcommands of the program, each in its own file command_<name>.cpp. Each adds its options and what
// runs when it is called.
#pragma once

#include <CLI/CLI.hpp>

namespace masktwins {

void add_train_command(CLI::App& program);
void add_eval_command(CLI::App& program);
void add_predict_command(CLI::App& program);
void add_synth_command(CLI::App& program);
void add_stats_command(CLI::App& program);
void add_convert_command(CLI::App& program);
void add_bench_command(CLI::App& program);
void add_doctor_command(CLI::App& program);
void add_import_command(CLI::App& program);
void add_export_command(CLI::App& program);
void add_keys_command(CLI::App& program);

}  // namespace masktwins
