// A student, its teacher and their optimiser on one device, for tests of whole training steps, and how near
// two devices come to each other.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "masktwins/batch_feed.h"
#include "masktwins/network.h"
#include "masktwins/train_step.h"
#include "optim/optimizer.h"
#include "tensor/op.h"
#include "tests/cuda_device.h"
#include "tests/tiny_networks.h"

namespace masktwins::tests {

// The network of the configuration with a handful of channels, which no key of a configuration can ask for.
inline std::unique_ptr<nn::SegmentationModel> tiny_network(const Config& config, Device device) {
  nn::ModelOptions options = tiny_options();
  options.in_channels = config.model.in_channels;
  options.classes = config.model.classes;
  options.seed = static_cast<uint32_t>(config.seed);
  options.hr_crop = config.model.hr_crop;
  options.fusion = config.model.fusion;
  options.drop_path = config.model.drop_path;
  options.dropout = config.model.dropout;
  options.stage_depths = {1, 1, 1, 1};
  auto network = nn::build_model(config.model.name, options);
  network->to(device);
  return network;
}

using NetworkBuilder = std::function<std::unique_ptr<nn::SegmentationModel>(const Config&, Device)>;

// Images in [0, 1) whose labels follow the brightness of the first channel, so that there is something to
// learn; the same in every step.
inline data::Batch batch_of(const Config& config, int64_t step) {
  const int64_t crop = config.train.crop, channels = config.model.in_channels;
  const Argument image{.shape = {config.train.batch, channels, crop, crop}, .fill = Fill::uniform};
  const Tensors made = make_inputs({{image, image}, {}}, DType::float32, 3);
  data::Batch batch{step, made[0], Tensor::empty({config.train.batch, crop, crop}, DType::uint8), made[1]};
  for (int64_t i = 0; i < batch.source_labels.numel(); ++i)
    batch.source_labels.data<uint8_t>()[i] =
        static_cast<uint8_t>(made[0].data<float>()[i * channels] * static_cast<float>(config.model.classes));
  return batch;
}

struct Training {
  Training(const Config& with, Device on, const NetworkBuilder& build = build_network)
      : config(with),
        device(on),
        student(build(config, on)),
        teacher(build(config, on)),
        arena(*student),
        teacher_arena(*teacher),
        optimizer(optim::build_optimizer(arena, {.clip_norm = config.train.clip_norm,
                                                 .loss_scaling = config.train.precision == "float16"})),
        feature_distance(config.uda.feature_distance_weight > 0
                             ? std::make_unique<FeatureDistance>(build(with_other_seed(config), on),
                                                                 std::vector<int64_t>{1, 4})
                             : nullptr),
        adversary(config.uda.adversarial_weight > 0
                      ? std::make_unique<Adversary>(
                            config.model.classes, config.uda.discriminator_lr, config.train.iterations,
                            static_cast<uint32_t>(config.seed), on, config.train.precision == "float16")
                      : nullptr),
        step(config, *student, *optimizer, *teacher, teacher_arena,
             {feature_distance.get(), adversary.get()}) {}

  // So that the frozen encoder is not the student.
  static Config with_other_seed(Config config) {
    ++config.seed;
    return config;
  }

  std::map<std::string, double> run(const data::Batch& batch) {
    std::map<std::string, double> losses;
    for (const auto& [name, loss] : step.run(to(batch, device)).losses) losses[name] = loss.item();
    return losses;
  }

  Config config;
  Device device;
  std::unique_ptr<nn::SegmentationModel> student, teacher;
  optim::ParameterArena arena, teacher_arena;
  std::unique_ptr<optim::Optimizer> optimizer;
  std::unique_ptr<FeatureDistance> feature_distance;
  std::unique_ptr<Adversary> adversary;
  TrainStep step;
};

// On CUDA. The emulator runs nothing before the host waits, so it knows.
inline void check_that_steps_do_not_wait(Training& training) {
  training.run(batch_of(training.config, 0));  // makes caches
#ifdef MASKTWINS_CUDA_EMULATED
  const data::Batch batch = to(batch_of(training.config, 1), Device::cuda);
  emulator::take_counts();
  training.step.run(batch);
  CHECK(emulator::take_counts().empty());
#endif
}

struct Agreement {
  double largest_loss_error = 0;  // relative
  double gradient_error = 0;      // norm of the difference over the norm
};

// Of the first step on CUDA with that on the CPU.
inline Agreement compare_devices(const Config& config, const Config& cuda_config, const data::Batch& batch,
                                 const NetworkBuilder& build = build_network) {
  Training cpu(config, Device::cpu, build), cuda(cuda_config, Device::cuda, build);
  const auto expected = cpu.run(batch);
  auto actual = cuda.run(batch);
  // Where gradients overflow nothing is learned but the scale, and the step can be run again.
  if (const Tensor scale = cuda.optimizer->loss_scale(); scale.defined())
    for (double before = 65536; scale.item() < before; actual = cuda.run(batch)) before = scale.item();
  REQUIRE(actual.size() == expected.size());
  Agreement result;
  for (const auto& [name, loss] : expected) {
    const double error = std::abs(actual.at(name) - loss) / std::abs(loss);
    MESSAGE(name, ": cpu ", loss, ", cuda ", actual.at(name));
    if (!(error <= result.largest_loss_error))
      result.largest_loss_error = std::isnan(error) ? INFINITY : error;
  }
  const auto g = cpu.arena.gradients().to_values<float>();
  auto h = cuda.arena.gradients().to_values<float>();
  // Gradients of scaled losses; the first step changes the scale only if they overflow.
  if (const Tensor scale = cuda.optimizer->loss_scale(); scale.defined())
    for (float& value : h) value /= static_cast<float>(scale.item());
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < g.size(); ++i) {
    difference += std::pow(static_cast<double>(h[i]) - static_cast<double>(g[i]), 2);
    norm += std::pow(static_cast<double>(g[i]), 2);
  }
  result.gradient_error = std::sqrt(difference / norm);
  MESSAGE("relative error of the gradients: ", result.gradient_error);
  return result;
}

}  // namespace masktwins::tests
