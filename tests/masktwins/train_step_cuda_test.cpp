// Whole MaskTwins steps on CUDA, emulated or real, beside the same steps on the CPU.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "masktwins/batch_feed.h"
#include "masktwins/network.h"
#include "masktwins/train_step.h"
#include "optim/optimizer.h"
#include "tensor/autograd.h"
#include "tensor/op.h"
#include "tests/cuda_device.h"

using namespace masktwins;
using masktwins::tests::CudaDevice;

namespace {

constexpr int64_t crop = 32, images = 2;

Config small_config(const std::vector<std::string>& more = {}) {
  std::vector<std::string> settings = {"model.width=2", "train.crop=32", "train.batch=2", "uda.mask_block=8",
                                       "uda.quality_threshold=0.5"};
  settings.insert(settings.end(), more.begin(), more.end());
  return parse_config("", "test", settings);
}

// Images in [0, 1); labelled foreground where the image is bright, so that there is something to learn.
data::Batch batch_of(int64_t step) {
  const Argument image{.shape = {images, 1, crop, crop}, .fill = Fill::uniform};
  const Tensors made = make_inputs({{image, image}, {}}, DType::float32, 3);
  data::Batch batch{step, made[0], Tensor::empty({images, crop, crop}, DType::uint8), made[1]};
  for (int64_t i = 0; i < batch.source_labels.numel(); ++i)
    batch.source_labels.data<uint8_t>()[i] = made[0].data<float>()[i] > 0.5f;
  return batch;
}

// Student, teacher and optimiser on one device.
struct Setup {
  Setup(const Config& with, Device on)
      : config(with),
        device(on),
        student(build_network(config, on)),
        teacher(build_network(config, on)),
        arena(*student),
        teacher_arena(*teacher),
        optimizer(optim::build_optimizer(arena, {.clip_norm = config.train.clip_norm,
                                                 .loss_scaling = config.train.precision == "float16"})),
        step(config, *student, *optimizer, *teacher, teacher_arena) {}

  std::map<std::string, double> run(int64_t number) {
    std::map<std::string, double> losses;
    for (const auto& [name, loss] : step.run(to(batch_of(number), device)).losses) losses[name] = loss.item();
    return losses;
  }

  Config config;
  Device device;
  std::unique_ptr<nn::SegmentationModel> student, teacher;
  optim::ParameterArena arena, teacher_arena;
  std::unique_ptr<optim::Optimizer> optimizer;
  TrainStep step;
};

struct Agreement {
  double largest_loss_error = 0;  // relative
  double gradient_error = 0;      // norm of the difference over the norm
};

Agreement compare(const Config& config, const Config& cuda_config) {
  Setup cpu(config, Device::cpu), cuda(cuda_config, Device::cuda);
  const auto expected = cpu.run(0), actual = cuda.run(0);
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

}  // namespace

TEST_CASE("a complete step on CUDA gives the CPU's losses and gradients") {
  const CudaDevice device;
  for (const std::string norm : {"instance", "batch"}) {
    CAPTURE(norm);
    const Config config = small_config({"model.norm=" + norm});
    const Agreement agreement = compare(config, config);
    CHECK(agreement.largest_loss_error <= 1e-5);
    CHECK(agreement.gradient_error <= 1e-4);
  }
}

TEST_CASE("a step in 16 bits is near the CPU's in float32") {
  const CudaDevice device;
  // About the rounding error of one number, 2^-9 and 2^-12, times the depth of the network.
  for (const auto& [precision, loss_tolerance, gradient_tolerance] :
       {std::tuple(std::string("bfloat16"), 2e-2, 0.2), std::tuple(std::string("float16"), 4e-3, 0.04)}) {
    CAPTURE(precision);
    const Agreement agreement =
        compare(small_config(), small_config({concat_text("train.precision=", precision)}));
    CHECK(agreement.largest_loss_error <= loss_tolerance);
    CHECK(agreement.gradient_error <= gradient_tolerance);
    CHECK(agreement.gradient_error > 1e-4);  // it did compute in 16 bits
  }
}

TEST_CASE("ten steps on CUDA train as on the CPU, and repeat every bit") {
  const CudaDevice device;
  const auto train = [](int64_t steps, Device on) {
    Setup setup(small_config({"train.lr=3e-3", "train.clip_norm=10"}), on);
    std::vector<double> losses;
    for (int64_t step = 0; step < steps; ++step) losses.push_back(setup.run(step).at("source"));
    return std::pair(losses, setup.arena.values().to_values<float>());
  };
  const auto losses = train(10, Device::cuda).first, expected = train(10, Device::cpu).first;
  CHECK(losses.back() < 0.96 * losses.front());
  for (std::size_t step = 0; step < losses.size(); ++step)
    CHECK(std::abs(losses[step] - expected[step]) <= 1e-3);
  CHECK(train(2, Device::cuda).second == train(2, Device::cuda).second);
}

TEST_CASE("a step does not wait for the device") {
  const CudaDevice device;
  Setup setup(small_config({"train.clip_norm=1"}), Device::cuda);
  setup.run(0);  // makes caches
  const data::Batch batch = to(batch_of(1), Device::cuda);
#ifdef MASKTWINS_CUDA_EMULATED
  // The emulator runs nothing before the host waits.
  emulator::take_counts();
  setup.step.run(batch);
  CHECK(emulator::take_counts().empty());
#endif
}

TEST_CASE("a NaN on CUDA stops the student at once and is reported at the next look") {
  const CudaDevice device;
  Setup setup(small_config(), Device::cuda);
  setup.run(0);
  const auto before = setup.arena.values().to_values<float>();
  data::Batch bad = batch_of(1);
  bad.source_images.data<float>()[5] = NAN;
  setup.step.run(to(bad, Device::cuda));
  setup.step.run(to(batch_of(2), Device::cuda));
  CHECK(setup.arena.values().to_values<float>() == before);
  CHECK_THROWS_WITH_AS(setup.step.losses().check(), "loss 'source' is nan", NonFiniteError);
  CHECK(setup.step.losses().failed_step() == 1);
}
