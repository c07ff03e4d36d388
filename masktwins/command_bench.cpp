#include "masktwins/bench_ops.h"
#include "masktwins/bench_step.h"
#include "masktwins/commands.h"
#include "masktwins/device_options.h"

namespace masktwins {
namespace {

void add_ops(CLI::App& bench) {
  CLI::App* command = bench.add_subcommand("ops", "Time every op at the sizes that training uses");
  command->footer(
      "  masktwins bench ops\n"
      "  masktwins bench ops conv2d --threads 1\n"
      "  masktwins bench ops --markdown docs/ops.md");
  auto options = std::make_shared<OpsBenchOptions>();
  auto device = std::make_shared<DeviceOptions>();
  command->add_option("OP", options->only, "only ops whose name contains this");
  command->add_option("--markdown", options->markdown, "write the table of ops to this file");
  command->add_option("--json", options->json, "write all measurements to this file");
  device->add_to(*command);
  command->callback([=] {
    options->device = device->apply();
    bench_ops(*options);
  });
}

void add_step(CLI::App& bench) {
  CLI::App* command =
      bench.add_subcommand("step", "Time a supervised and a complete training step on random images");
  command->footer(
      "  masktwins bench step --width 32 --crop 256 --batch 2\n"
      "  masktwins bench step --model segformer-b0 --crop 512 --batch 1 --supervised\n"
      "  masktwins bench step --profile --trace trace.json");
  auto options = std::make_shared<StepBenchOptions>();
  auto device = std::make_shared<DeviceOptions>();
  command->add_option("--model", options->model, "network")->capture_default_str();
  command->add_option("--width", options->width, "unet: channels of its first stage")->capture_default_str();
  command->add_option("--crop", options->crop, "side of the images")
      ->check(CLI::Range(16, 16384))
      ->capture_default_str();
  command->add_option("--batch", options->batch, "source images, and target images")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_option("--repeats", options->repeats, "timed steps")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--json", options->json, "JSON to this file, or without a name to the screen")
      ->expected(0, 1)
      ->default_str("-");
  command->add_flag("--supervised", options->supervised_only, "time the supervised step alone");
  command->add_flag("--profile", options->profile, "also print where the time of a step goes");
  command->add_option("--trace", options->trace,
                      "write the same op by op to this file, for ui.perfetto.dev or chrome://tracing");
  device->add_to(*command);
  command->callback([=] {
    options->device = device->apply();
    bench_step(*options);
  });
}

}  // namespace

void add_bench_command(CLI::App& program) {
  CLI::App* bench = program.add_subcommand("bench", "Measure speed: of every op, or of a training step");
  bench->require_subcommand(1);
  add_ops(*bench);
  add_step(*bench);
}

}  // namespace masktwins
