#include "masktwins/trainer.h"

#include <doctest/doctest.h>

#include <cmath>

#include "data/safetensors.h"
#include "masktwins/datasets.h"
#include "masktwins/network.h"
#include "tests/masktwins/small_run.h"

using namespace masktwins;
using namespace masktwins::tests;

TEST_CASE("a run leaves everything it promises") {
  const Folder folder;
  Trainer trainer(small_config(folder), folder / "run", false, nowhere());
  CHECK(trainer.run());
  const fs::path run = folder / "run";
  for (const char* file :
       {"config.toml", "log.jsonl", "metrics.json", "checkpoints/last.safetensors",
        "checkpoints/previous.safetensors", "checkpoints/best.safetensors", "pictures/train_0000006.png",
        "pictures/test_0000003.png", "pictures/test_0000006.png"}) {
    CAPTURE(file);
    CHECK(fs::file_size(run / file) > 0);
  }
  const std::vector<nlohmann::json> log = log_of(run);
  REQUIRE(log.size() == 8);  // six steps, two evaluations
  for (int step = 1; step <= 3; ++step) {
    const nlohmann::json& record = log[static_cast<std::size_t>(step) - 1];
    CHECK(record["step"] == step);
    for (const char* loss : {"source", "mix", "masked"})
      CHECK(std::isfinite(record["losses"][loss].get<double>()));
    CHECK(record["pseudo_label_share"].size() == 2);
  }
  const nlohmann::json metrics = nlohmann::json::parse(data::read_file(run / "metrics.json"));
  CHECK(metrics["last"]["step"] == 6);
  CHECK(metrics["best"]["iou"].get<double>() >= metrics["last"]["iou"].get<double>());
  CHECK(trainer.position().best_score == metrics["best"]["iou"].get<double>());
}

TEST_CASE("scores during training are those of eval, with every refinement of predictions") {
  const Folder folder;
  const Config config =
      small_config(folder, {"train.iterations=3", "eval.match_shares=true", "eval.orientations=mirrored"});
  Trainer(config, folder / "run", false, nowhere()).run();
  const TrainedNetwork network = load_trained_network(folder / "run", "student");
  const auto scores = [&](const SegmentationFunction& function) {
    const ForegroundScores all =
        evaluate(function, *open_test(config), evaluation_options(config, *network.model)).foreground;
    return std::pair(all.iou, all.ap);
  };
  const auto refined = scores(prediction_function(config, *network.model));
  const nlohmann::json last = nlohmann::json::parse(data::read_file(folder / "run/metrics.json"))["last"];
  CHECK(std::pair(last["iou"].get<double>(), last["ap"].get<double>()) == refined);
  CHECK(scores(prediction_function(config, *network.model, std::nullopt)).first != refined.first);
  CHECK(scores(evaluation_function(*network.model)).second != refined.second);
}

TEST_CASE("source-only training needs no target, and no test set") {
  const Folder folder;
  const Config config =
      small_config(folder, {"uda.mode=source-only", "data.target.images=[]", "data.test.images=[]",
                            "data.test.labels=[]", "train.iterations=1"});
  CHECK(Trainer(config, folder / "run", false, nowhere()).run());
  CHECK(!fs::exists(folder / "run/metrics.json"));
}

TEST_CASE("a trained network is found by run and checkpoint name") {
  const Folder folder;
  Trainer(small_config(folder, {"train.iterations=3"}), folder / "run", false, nowhere()).run();
  const std::string run = folder / "run";
  const Tensor image = Tensor::full({1, 1, 32, 32}, 0.5);
  const auto logits = [&](const std::string& checkpoint) {
    const TrainedNetwork network = load_trained_network(run, checkpoint);
    return evaluation_function(*network.model)(image).to_values<float>();
  };
  CHECK(logits("student") == logits("best"));
  CHECK(logits("student") == logits(run + "/checkpoints/last.safetensors"));
  CHECK(logits("student") != logits("teacher"));
  CHECK(error_of([&] { logits("pupil"); }).find("--checkpoint takes student, teacher, best or a file") !=
        std::string::npos);
  CHECK(error_of([&] { load_trained_network(folder / "nothing", "best"); }).find("holds no run") !=
        std::string::npos);
  CHECK(error_of([&] { load_trained_network(run, "student", {"model.width=4"}); }).find("mis-shaped") !=
        std::string::npos);
}

TEST_CASE("evaluation leaves the network as it was") {
  const Config config = parse_config("", "test", {"model.width=2", "model.norm=batch"});
  const auto model = build_network(config);
  const auto buffers = [&] {
    std::vector<std::vector<float>> values;
    for (const auto& [name, tensor] : model->named_buffers())
      if (tensor->dtype() == DType::float32) values.push_back(tensor->to_values<float>());
    return values;
  };
  const auto before = buffers();
  REQUIRE(!before.empty());
  const Tensor logits = evaluation_function(*model)(Tensor::full({1, 1, 16, 16}, 0.5));
  CHECK(!logits.requires_grad());
  CHECK(model->training());
  CHECK(buffers() == before);
}

TEST_CASE("student and teacher start from the same pretrained weights") {
  const Folder folder;
  Trainer(small_config(folder), folder / "first", false, nowhere()).run();
  const fs::path weights = folder / "first" / "checkpoints/last.safetensors";
  std::FILE* messages = std::tmpfile();
  Trainer(small_config(folder, {"seed=2", "model.pretrained=" + weights.string()}), folder / "second", false,
          messages);
  const auto first = data::read_safetensors(weights).tensors;
  const auto second = data::read_safetensors(folder / "second/checkpoints/last.safetensors").tensors;
  const std::string student = "model.", teacher = "ema_model.";
  for (const auto& [name, tensor] : first) {
    if (!name.starts_with(student)) continue;
    CAPTURE(name);
    const std::string same = name.substr(student.size());
    CHECK(second.at(student + same).to_values<float>() == tensor.to_values<float>());
    CHECK(second.at(teacher + same).to_values<float>() == tensor.to_values<float>());
  }
  std::rewind(messages);
  char line[256] = {};
  CHECK(std::fgets(line, sizeof line, messages) != nullptr);
  std::fclose(messages);
  CHECK(std::string(line).starts_with("pretrained weights: the whole network was loaded from "));
}
