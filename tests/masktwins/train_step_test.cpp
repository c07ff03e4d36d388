#include "masktwins/train_step.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tensor/autograd.h"
#include "tests/data/folder.h"
#include "tests/masktwins/training.h"

using namespace masktwins;
using masktwins::tests::error_of;

namespace {

// A small network with what a step needs, and a batch; `settings` are more of them.
struct Setting : tests::Training {
  explicit Setting(std::vector<std::string> settings)
      : Training(small_config(std::move(settings)), Device::cpu), batch(tests::batch_of(config, 0)) {}

  static Config small_config(std::vector<std::string> settings) {
    settings.insert(settings.end(), {"train.crop=32", "train.batch=1"});
    return parse_config("", "test", settings);
  }

  std::vector<float> parameters() const { return arena.values().to_values<float>(); }

  data::Batch batch;
};

const std::vector<std::string> source_and_masks = {"uda.class_mix=false", "uda.mask_augment=false",
                                                   "uda.mask_block=8"};

}  // namespace

TEST_CASE("a NaN that only the masked losses see stops the step before the parameters change") {
  Setting setting(source_and_masks);
  setting.batch.target_images.fill(NAN);
  const std::vector<float> before = setting.parameters();
  const std::string message = error_of([&] { setting.step.run(setting.batch); });
  CHECK(message.find("loss 'masked' is") == 0);
  CHECK(setting.parameters() == before);
}

TEST_CASE("a gradient that only the masked losses make infinite does the same") {
  for (const char* clip : {"train.clip_norm=0", "train.clip_norm=1"}) {
    CAPTURE(clip);
    std::vector<std::string> settings = source_and_masks;
    settings.emplace_back(clip);
    Setting setting(settings);
    int passes = 0;  // of backward: the source loss, then the masked losses
    register_hook(*setting.student->named_parameters().back().second, [&](const Tensor& gradient) {
      return ++passes < 2 ? gradient : Tensor::full(gradient.shape(), INFINITY);
    });
    const std::vector<float> before = setting.parameters();
    const std::string message = error_of([&] { setting.step.run(setting.batch); });
    CHECK(passes == 2);
    CHECK(message.find("the norm of the gradients is not a finite number") == 0);
    CHECK(setting.parameters() == before);
  }
}

TEST_CASE("a step with finite losses and gradients changes the parameters") {
  Setting setting(source_and_masks);
  const std::vector<float> before = setting.parameters();
  setting.step.run(setting.batch);
  CHECK(setting.parameters() != before);
}

TEST_CASE("a teacher that labels nothing predicts with the student's statistics, another with its own") {
  const auto statistics = [](const nn::Module& network) {
    std::vector<std::vector<float>> values;
    for (const auto& [name, buffer] : network.named_buffers())
      if (is_floating(buffer->dtype())) values.push_back(buffer->to_values<float>());
    return values;
  };
  for (const char* mode : {"source-only", "masktwins"}) {
    CAPTURE(mode);
    Setting setting({"model.norm=batch", "uda.start=1", concat_text("uda.mode=", mode), "uda.mask_block=8"});
    const auto before = statistics(*setting.teacher);
    REQUIRE(!before.empty());
    setting.step.run(setting.batch);
    CHECK(statistics(*setting.teacher) != before);
    CHECK(statistics(*setting.teacher) == statistics(*setting.student));
    ++setting.batch.step;
    setting.step.run(setting.batch);
    CHECK((statistics(*setting.teacher) == statistics(*setting.student)) ==
          (mode == std::string("source-only")));
  }
}

TEST_CASE("MinEnt pays for the entropy of what the student says about the target") {
  Setting setting({"uda.mode=advent", "uda.entropy_weight=0.01"});
  std::vector<double> logits;  // (1, 2, 32, 32)
  {
    const NoGrad no_grad;
    logits = setting.student->forward(setting.batch.target_images).to(DType::float64).to_values<double>();
  }
  double sum = 0;
  const std::size_t pixels = logits.size() / 2;
  for (std::size_t i = 0; i < pixels; ++i) {
    const double p = 1 / (1 + std::exp(logits[i + pixels] - logits[i]));
    sum -= p * std::log(p) + (1 - p) * std::log(1 - p);
  }
  const StepReport report = setting.step.run(setting.batch);
  REQUIRE(report.losses.size() == 2);
  CHECK(report.losses[1].first == "entropy");
  CHECK(report.losses[1].second.item() == doctest::Approx(0.01 * sum / static_cast<double>(pixels)));
}

TEST_CASE("AdvSeg pays what the discriminator asks, and teaches both networks") {
  Setting alone({"uda.mode=advseg", "uda.adversarial_weight=0"});
  Setting setting({"uda.mode=advseg", "uda.adversarial_weight=0.1"});
  double expected = 0;
  {
    const NoGrad no_grad;
    const Tensor logits = setting.student->forward(setting.batch.target_images);
    expected = 0.1 * setting.adversary->fooling_loss(logits).item();
  }
  const auto discriminator = [&] {
    return setting.adversary->network().named_parameters()[0].second->to_values<float>();
  };
  const std::vector<float> before = discriminator();
  const StepReport report = setting.step.run(setting.batch);
  REQUIRE(report.losses.size() == 3);
  CHECK(report.losses[1].first == "adversarial");
  CHECK(report.losses[1].second.item() == doctest::Approx(expected));
  CHECK(report.losses[2].first == "discriminator");
  CHECK(discriminator() != before);
  alone.step.run(alone.batch);
  CHECK(setting.parameters() != alone.parameters());
}
