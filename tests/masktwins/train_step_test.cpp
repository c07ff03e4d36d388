#include "masktwins/train_step.h"

#include <doctest/doctest.h>

#include <cmath>

#include "masktwins/network.h"
#include "tensor/autograd.h"
#include "tensor/op.h"
#include "tests/data/folder.h"

using namespace masktwins;
using masktwins::tests::error_of;

namespace {

// A small network with what a step needs; `modes` are settings.
struct Setting {
  explicit Setting(const std::vector<std::string>& modes)
      : config(parse_config("", "test", modes)),
        student(build_network(config)),
        teacher(build_network(config)),
        arena(*student),
        teacher_arena(*teacher),
        optimizer(optim::build_optimizer(arena, {})),
        train_step(config, *student, *optimizer, *teacher, teacher_arena) {
    const Argument image{{1, 1, 32, 32}};
    const Argument label{.shape = {1, 32, 32}, .fill = Fill::integers, .high = 2, .dtype = DType::uint8};
    const Tensors tensors = make_inputs({{image, label, image}, {}}, DType::float32, 1);
    batch = {0, tensors[0], tensors[1], tensors[2]};
  }

  std::vector<float> parameters() const { return arena.values().to_values<float>(); }

  Config config;
  std::unique_ptr<nn::SegmentationModel> student, teacher;
  optim::ParameterArena arena, teacher_arena;
  std::unique_ptr<optim::Optimizer> optimizer;
  TrainStep train_step;
  data::Batch batch;
};

const std::vector<std::string> source_and_masks = {"model.width=2", "uda.class_mix=false",
                                                   "uda.mask_augment=false", "uda.mask_block=8"};

}  // namespace

TEST_CASE("a NaN that only the masked losses see stops the step before the parameters change") {
  Setting setting(source_and_masks);
  setting.batch.target_images.fill(NAN);
  const std::vector<float> before = setting.parameters();
  const std::string message = error_of([&] { setting.train_step.run(setting.batch); });
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
    const std::string message = error_of([&] { setting.train_step.run(setting.batch); });
    CHECK(passes == 2);
    CHECK(message.find("the norm of the gradients is not a finite number") == 0);
    CHECK(setting.parameters() == before);
  }
}

TEST_CASE("a step with finite losses and gradients changes the parameters") {
  Setting setting(source_and_masks);
  const std::vector<float> before = setting.parameters();
  setting.train_step.run(setting.batch);
  CHECK(setting.parameters() != before);
}
