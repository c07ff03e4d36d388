#include "masktwins/checkpoint.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <fstream>

#include "masktwins/state_dict.h"
#include "tests/data/folder.h"

using namespace masktwins;
using masktwins::tests::error_of;
using masktwins::tests::Folder;

namespace {

// A network with one parameter and one buffer, so that files stay small.
class TinyModel : public nn::SegmentationModel {
 public:
  explicit TinyModel(float value, int64_t channels = 3)
      : weight_(Tensor::full({channels, 1, 2, 2}, value)), mean_(Tensor::full({channels}, value)) {
    register_parameter("conv.weight", weight_);
    register_buffer("norm.running_mean", mean_);
  }
  Tensor forward(const Tensor& images) override { return images; }
  int64_t size_multiple() const override { return 1; }

  Tensor weight_, mean_;
};

struct Run {
  explicit Run(float value, int64_t channels = 3, const std::string& optimizer_name = "adam")
      : student(value, channels),
        teacher(value + 1, channels),
        arena(student),
        optimizer(build(optimizer_name)) {
    for (const auto& [name, tensor] : optimizer->state()) Tensor(tensor).fill(value + 2);
    optimizer->set_updates(static_cast<int64_t>(value));
  }
  std::unique_ptr<optim::Optimizer> build(const std::string& name) {
    optim::OptimizerOptions options;
    options.name = name;
    return optim::build_optimizer(arena, options);
  }
  TrainingState state() { return {student, teacher, *optimizer}; }

  TinyModel student, teacher;
  optim::ParameterArena arena;
  std::unique_ptr<optim::Optimizer> optimizer;
};

void check_value(const Tensor& tensor, float value) {
  for (const float element : tensor.to_values<float>()) CHECK(element == value);
}

void flip_byte(const std::filesystem::path& file, std::streamoff offset_from_end) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(-offset_from_end, std::ios::end);
  const auto byte = static_cast<char>(stream.get());
  stream.seekp(-offset_from_end, std::ios::end);
  stream.put(static_cast<char>(byte ^ 1));
}

data::TensorFile latest(const CheckpointFolder& files) {
  std::string notice;
  return files.read_latest(notice);
}

}  // namespace

TEST_CASE("a checkpoint restores networks, optimiser and position") {
  const Folder folder;
  const CheckpointFolder files{folder / ""};
  const Config config;
  Run saved(7);
  files.save_last(saved.state(), {.step = 100, .best_step = 80, .best_score = 1.0 / 3}, config);

  Run fresh(0);
  const RunPosition position = restore(latest(files), fresh.state(), config);
  CHECK(position.step == 100);
  CHECK(position.best_step == 80);
  CHECK(position.best_score == 1.0 / 3);
  CHECK(fresh.optimizer->updates() == 7);
  check_value(fresh.student.weight_, 7);
  check_value(fresh.student.mean_, 7);
  check_value(fresh.teacher.weight_, 8);
  check_value(fresh.teacher.mean_, 8);
  for (const auto& [name, tensor] : fresh.optimizer->state()) check_value(tensor, 9);
  CHECK(fresh.student.weight_.shares_memory_with(fresh.arena.values()));
}

TEST_CASE("the score is undefined before the first evaluation") {
  const Folder folder;
  const CheckpointFolder files{folder / ""};
  Run run(1);
  files.save_last(run.state(), {.step = 5}, Config{});
  CHECK(std::isnan(restore(latest(files), run.state(), Config{}).best_score));
}

TEST_CASE("last becomes previous, and previous replaces a damaged last") {
  const Folder folder;
  const CheckpointFolder files{folder / ""};
  const Config config;
  for (const int step : {1, 2, 3}) {
    Run run(static_cast<float>(step));
    files.save_last(run.state(), {.step = step}, config);
  }
  Run run(0);
  CHECK(restore(latest(files), run.state(), config).step == 3);
  flip_byte(files.last(), 5);
  std::string notice;
  CHECK(restore(files.read_latest(notice), run.state(), config).step == 2);
  check_value(run.student.weight_, 2);
  CHECK(notice.find("last.safetensors") != std::string::npos);
  std::filesystem::resize_file(files.previous(), 200);
  CHECK_THROWS_AS(files.read_latest(notice), Error);
  std::filesystem::remove(files.last());
  std::filesystem::remove(files.previous());
  CHECK(error_of([&] { files.read_latest(notice); }).find("without --resume") != std::string::npos);
}

TEST_CASE("other settings, networks and optimisers are refused and nothing is changed") {
  const Folder folder;
  const CheckpointFolder files{folder / ""};
  const Config config;
  Run saved(7);
  files.save_last(saved.state(), {.step = 100}, config);
  const data::TensorFile file = latest(files);

  Config other = config;
  other.train.lr = 0.5;
  Run fresh(0);
  CHECK(error_of([&] { restore(file, fresh.state(), other); }).find("train.lr = 0.5, was 0.0001") !=
        std::string::npos);
  other = config;
  other.data.workers = 9;
  CHECK(restore(file, fresh.state(), other).step == 100);

  Run wider(0, 4);
  const std::string message = error_of([&] { restore(file, wider.state(), config); });
  CHECK(
      message.find("mis-shaped model.conv.weight: file float32 (3, 1, 2, 2), network float32 (4, 1, 2, 2)") !=
      std::string::npos);
  check_value(wider.student.weight_, 0);
  Run sgd(0, 3, "sgd");
  CHECK(error_of([&] { restore(file, sgd.state(), config); }).find("missing optimizer.momentum") !=
        std::string::npos);
  check_value(sgd.student.weight_, 0);
}

TEST_CASE("one network is loaded from a checkpoint, from best and from a PyTorch file") {
  const Folder folder;
  const CheckpointFolder files{folder / ""};
  Run saved(7);
  files.save_last(saved.state(), {.step = 1}, Config{});
  files.save_best(saved.state(), {.step = 1}, Config{});
  for (const auto& file : {files.last(), files.best()}) {
    TinyModel model(0);
    load_network(file, Network::student, model);
    check_value(model.weight_, 7);
    load_network(file, Network::teacher, model);
    check_value(model.weight_, 8);
    check_value(model.mean_, 8);
  }
  CHECK(error_of([&] {
          restore(data::read_safetensors(files.best().string()), saved.state(), Config{});
        }).find("missing optimizer.") != std::string::npos);

  const std::string file = folder / "pytorch.safetensors";
  data::write_safetensors(file, {{{"conv.weight", Tensor::full({3, 1, 2, 2}, 4, DType::float64)},
                                  {"norm.running_mean", Tensor::full({3}, 5)}},
                                 {}});
  TinyModel model(0);
  load_network(file, Network::student, model);
  check_value(model.weight_, 4);
  check_value(model.mean_, 5);
}

TEST_CASE("another network's file is described by the first keys that differ") {
  const StateDict network = {{"conv.weight", Tensor::zeros({3, 1})}, {"bias", Tensor::zeros({3})}};
  const StateDict file = {{"conv.wieght", Tensor::zeros({3, 1})}, {"bias", Tensor::zeros({4})}};
  CHECK(error_of([&] { load_state("a.safetensors", file, network); }) ==
        "a.safetensors: belongs to another network (missing conv.weight float32 (3, 1), the file has "
        "conv.wieght; "
        "unexpected conv.wieght float32 (3, 1), the network has conv.weight; "
        "mis-shaped bias: file float32 (4), network float32 (3)); "
        "check [model] in the configuration, masktwins keys compares all names");
  StateDict large;
  for (int i = 0; i < 30; ++i) large.emplace("key" + std::to_string(i), Tensor::zeros({1}));
  CHECK(error_of([&] { load_state("a", {}, large); }).find("; and 27 more); check") != std::string::npos);
}

TEST_CASE("a checkpoint that cannot be written is an error and leaves the last one") {
  const Folder folder;
  const CheckpointFolder files{folder / ""};
  Run run(1);
  files.save_last(run.state(), {.step = 1}, Config{});
  std::filesystem::create_directory(files.best());
  CHECK_THROWS_AS(files.save_best(run.state(), {.step = 2}, Config{}), Error);
  CHECK(restore(latest(files), run.state(), Config{}).step == 1);
}
