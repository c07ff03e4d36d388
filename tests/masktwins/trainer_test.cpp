#include "masktwins/trainer.h"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "data/image.h"
#include "data/safetensors.h"
#include "masktwins/datasets.h"
#include "masktwins/network.h"
#include "tests/data/folder.h"

using namespace masktwins;
using masktwins::tests::error_of;
using masktwins::tests::Folder;
namespace fs = std::filesystem;

namespace {

// Sections of 40x40 pixels with a bright square on a gradient; the label marks the square.
void write_set(const fs::path& folder, int sections, float brightness) {
  for (int n = 0; n < sections; ++n) {
    data::Image image{1, 40, 40, {}};
    data::Image label = image;
    for (int y = 0; y < 40; ++y)
      for (int x = 0; x < 40; ++x) {
        const bool inside = y >= 8 + n && y < 24 + n && x >= 10 && x < 30;
        image.pixels.push_back(inside ? brightness : static_cast<float>(2 * x + y));
        label.pixels.push_back(inside ? 255.0f : 0.0f);
      }
    const std::string name = "section" + std::to_string(n) + ".png";
    data::write_png(folder / "images" / name, image);
    data::write_png(folder / "labels" / name, label);
  }
}

Config small_config(const Folder& folder, const std::vector<std::string>& more = {}) {
  write_set(folder / "source", 3, 220);
  write_set(folder / "target", 2, 180);
  std::vector<std::string> settings = {"model.width=2",
                                       "data.source.images=" + (folder / "source/images").string(),
                                       "data.source.labels=" + (folder / "source/labels").string(),
                                       "data.target.images=" + (folder / "target/images").string(),
                                       "data.test.images=" + (folder / "target/images").string(),
                                       "data.test.labels=" + (folder / "target/labels").string(),
                                       "train.iterations=6",
                                       "train.crop=32",
                                       "train.batch=1",
                                       "train.checkpoint_every=3",
                                       "train.evaluate_every=3",
                                       "train.picture_every=6",
                                       "train.log_every=1",
                                       "uda.mask_block=8"};
  settings.insert(settings.end(), more.begin(), more.end());
  return parse_config("", "test", settings);
}

// Where progress goes.
std::FILE* nowhere() {
  static std::FILE* file = std::fopen("/dev/null", "w");
  return file;
}

std::string text_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

// The log without what a clock decides.
std::vector<nlohmann::json> log_of(const fs::path& run) {
  std::vector<nlohmann::json> records;
  std::istringstream lines(text_of(run / "log.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    records.push_back(nlohmann::json::parse(line));
    records.back().erase("seconds_per_step");
    if (records.back().contains("evaluation")) records.back()["evaluation"].erase("seconds_per_section");
  }
  return records;
}

}  // namespace

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
  const nlohmann::json metrics = nlohmann::json::parse(text_of(run / "metrics.json"));
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
  const nlohmann::json last = nlohmann::json::parse(text_of(folder / "run/metrics.json"))["last"];
  CHECK(std::pair(last["iou"].get<double>(), last["ap"].get<double>()) == refined);
  CHECK(scores(prediction_function(config, *network.model, std::nullopt)).first != refined.first);
  CHECK(scores(evaluation_function(*network.model)).second != refined.second);
}

namespace {

void check_resume(const std::vector<std::string>& settings) {
  const Folder folder;
  const Config config = small_config(folder, settings);
  Trainer(config, folder / "whole", false, nowhere()).run();
  fs::copy(folder / "whole", folder / "resumed", fs::copy_options::recursive);
  // Without its last checkpoint the copy goes back to the previous one, of step 3.
  fs::remove(folder / "resumed/checkpoints/last.safetensors");
  Trainer resumed(config, folder / "resumed", true, nowhere());
  CHECK(resumed.position().step == 3);
  CHECK(log_of(folder / "resumed").size() == 4);
  CHECK(resumed.run());
  for (const char* file : {"checkpoints/last.safetensors", "checkpoints/best.safetensors", "config.toml"}) {
    CAPTURE(file);
    CHECK(text_of(folder / "whole" / file) == text_of(folder / "resumed" / file));
  }
  CHECK(log_of(folder / "whole") == log_of(folder / "resumed"));
}

}  // namespace

TEST_CASE("a resumed run goes on bit for bit") { check_resume({"model.norm=batch"}); }
TEST_CASE("so does one with a discriminator, which has an optimiser of its own") {
  check_resume({"uda.mode=advseg", "uda.adversarial_weight=1"});
}

TEST_CASE("a run that ended before its first step can be resumed") {
  const Folder folder;
  const Config config = small_config(folder, {"train.iterations=1"});
  { const Trainer ended(config, folder / "run", false, nowhere()); }
  Trainer resumed(config, folder / "run", true, nowhere());
  CHECK(resumed.position().step == 0);
  CHECK(resumed.run());
}

TEST_CASE("a run that ended before its first checkpoint, or in the middle of one, can be started again") {
  const Folder folder;
  const Config config = small_config(folder, {"train.iterations=1"});
  Trainer(config, folder / "run", false, nowhere()).run();
  const CheckpointFolder files{folder / "run/checkpoints"};
  const std::string checkpoint = text_of(files.last()), log = log_of(folder / "run")[0].dump();
  fs::remove(files.last());
  fs::remove(files.previous());
  std::ofstream(files.folder / "last.safetensors.77.tmp") << "half of a checkpoint";
  std::ofstream(folder / "run/notes.tmp") << "somebody's own";
  const std::string message = error_of([&] { Trainer(config, folder / "run", true, nowhere()); });
  CHECK(message.find("no checkpoint to resume from; start the run without --resume") != std::string::npos);
  CHECK(Trainer(config, folder / "run", false, nowhere()).run());
  CHECK(text_of(files.last()) == checkpoint);
  CHECK(log_of(folder / "run").size() == 2);
  CHECK(log_of(folder / "run")[0].dump() == log);
  CHECK(!fs::exists(files.folder / "last.safetensors.77.tmp"));
  CHECK(fs::exists(folder / "run/notes.tmp"));
  CHECK(fs::exists(folder / "run/config.toml"));
}

TEST_CASE("a finished run needs nothing more") {
  const Folder folder;
  const Config config = small_config(folder, {"train.iterations=1"});
  Trainer(config, folder / "run", false, nowhere()).run();
  const std::string before = text_of(folder / "run/checkpoints/last.safetensors");
  CHECK(Trainer(config, folder / "run", true, nowhere()).run());
  CHECK(text_of(folder / "run/checkpoints/last.safetensors") == before);
}

TEST_CASE("what is wrong with the input is said before anything is written") {
  const Folder folder;
  const auto error = [&](const std::vector<std::string>& settings) {
    const std::string text =
        error_of([&] { Trainer(small_config(folder, settings), folder / "run", false, nowhere()); });
    CHECK(!fs::exists(folder / "run"));
    return text;
  };
  CHECK(error({"train.crop=40"}).find("train.crop must be a multiple of 16") == 0);
  CHECK(error({"data.target.images=[]"}).find("data.target.images is not set") == 0);
  CHECK(error({"data.source.labels=[]"}).find("data.source.labels is not set") == 0);
  CHECK(error({"data.test.labels=[]"}).find("data.test.labels is not set") == 0);
  CHECK(error({"model.name=unest"}).find("model.name") == 0);
  CHECK(error({"model.name=hrda-b0", "train.crop=64", "model.hr_crop=128"})
            .find("train.crop = 64 is smaller than the windows of HRDA, model.hr_crop = 128") == 0);
  CHECK(error({"data.label_values={0=0}"}).find("add it to data.label_values") != std::string::npos);
}

TEST_CASE("a label without a class is found before the run begins, also in the last file") {
  const Folder folder;
  const Config config = small_config(folder);
  const fs::path last = folder / "source/labels/section2.png";
  data::write_png(last, {1, 40, 40, std::vector<float>(1600, 7)});
  const std::string error = error_of([&] { Trainer(config, folder / "run", false, nowhere()); });
  CHECK(error.find(last.string()) == 0);
  CHECK(error.find("7") != std::string::npos);
  CHECK(error.find("data.label_values") != std::string::npos);
  CHECK(!fs::exists(folder / "run"));
}

TEST_CASE("an image that is cut off is found before the run begins, whichever it is") {
  const Folder folder;
  for (const char* name :
       {"source/images/section2.png", "source/labels/section1.png", "target/images/section1.png"}) {
    CAPTURE(name);
    const Config config = small_config(folder);
    fs::resize_file(folder / name, fs::file_size(folder / name) - 20);
    const std::string error = error_of([&] { Trainer(config, folder / "run", false, nowhere()); });
    CHECK(error.find((folder / name).string()) == 0);
    CHECK(!fs::exists(folder / "run"));
  }
}

// Makes a PNG's compressed bytes wrong and returns the file as it was.
std::string damage(const fs::path& image) {
  const std::string intact = text_of(image);
  std::string damaged = intact;
  damaged.replace(damaged.find("IDAT") + 4, 2, 2, '\xff');
  std::ofstream(image, std::ios::binary) << damaged;
  return intact;
}

TEST_CASE("an image found damaged in training costs no step") {
  const Folder folder;
  const Config config =
      small_config(folder, {"data.test.images=[]", "data.test.labels=[]", "train.checkpoint_every=100"});
  Trainer(config, folder / "whole", false, nowhere()).run();
  const fs::path image = folder / "target/images/section1.png";
  const std::string intact = damage(image);
  int64_t step = 0;
  std::string error;
  {
    Trainer stopped(config, folder / "run", false, nowhere());
    error = error_of([&] { stopped.run(); });
    step = stopped.position().step;
  }
  CHECK(error.find(image.string()) == 0);
  CHECK(error.find(concat_text("go on after step ", step, " with --resume")) != std::string::npos);
  std::ofstream(image, std::ios::binary) << intact;
  Trainer resumed(config, folder / "run", true, nowhere());
  CHECK(resumed.position().step == step);
  CHECK(resumed.run());
  const char* last = "checkpoints/last.safetensors";
  CHECK(text_of(folder / "run" / last) == text_of(folder / "whole" / last));
  CHECK(log_of(folder / "run") == log_of(folder / "whole"));
}

TEST_CASE("a test image found damaged costs no step, and its evaluation is made up for") {
  for (const int64_t evaluate_every : {3, 6}) {
    CAPTURE(evaluate_every);
    const Folder folder;
    write_set(folder / "test", 2, 180);
    const Config config = small_config(folder, {"data.test.images=" + (folder / "test/images").string(),
                                                "data.test.labels=" + (folder / "test/labels").string(),
                                                concat_text("train.evaluate_every=", evaluate_every)});
    Trainer(config, folder / "whole", false, nowhere()).run();
    const fs::path image = folder / "test/images/section1.png";
    const std::string intact = damage(image);
    const std::string error = error_of([&] { Trainer(config, folder / "run", false, nowhere()).run(); });
    CHECK(error.find(image.string()) == 0);
    CHECK(error.find(concat_text("go on after step ", evaluate_every, " with --resume")) !=
          std::string::npos);
    std::ofstream(image, std::ios::binary) << intact;
    CHECK(Trainer(config, folder / "run", true, nowhere()).run());
    for (const char* file : {"checkpoints/last.safetensors", "checkpoints/best.safetensors"})
      CHECK(text_of(folder / "run" / file) == text_of(folder / "whole" / file));
    CHECK(log_of(folder / "run") == log_of(folder / "whole"));
    CHECK(Trainer(config, folder / "run", true, nowhere()).run());
    CHECK(log_of(folder / "run") == log_of(folder / "whole"));
  }
}

TEST_CASE("labels without a class at any pixel are found before the run begins") {
  const Folder folder;
  const std::string error = error_of([&] {
    Trainer(small_config(folder, {"data.label_values={0=255,255=255}"}), folder / "run", false, nowhere());
  });
  CHECK(error.find("every pixel is ignored; give their values classes in data.label_values") !=
        std::string::npos);
  CHECK(!fs::exists(folder / "run"));
}

TEST_CASE("features of a network without an encoder are asked for before the run begins") {
  const Folder folder;
  Trainer(small_config(folder), folder / "first", false, nowhere());
  const std::string weights = folder / "first/checkpoints/last.safetensors";
  const auto start = [&](const std::string& name, std::FILE* messages) {
    Trainer(small_config(folder,
                         {"model.pretrained=" + weights, "data.class_names=[\"road\", \"" + name + "\"]"}),
            folder / name, false, messages);
  };
  CHECK(error_of([&] {
          start("car", nowhere());
        }).starts_with("uda.feature_distance_weight: the network unet has no pretrained encoder"));
  CHECK(!fs::exists(folder / "car"));
  start("mitochondrion", nowhere());  // none of uda.feature_classes, so there is nothing to keep
}

TEST_CASE("source-only training needs no target, and no test set") {
  const Folder folder;
  const Config config =
      small_config(folder, {"uda.mode=source-only", "data.target.images=[]", "data.test.images=[]",
                            "data.test.labels=[]", "train.iterations=1"});
  CHECK(Trainer(config, folder / "run", false, nowhere()).run());
  CHECK(!fs::exists(folder / "run/metrics.json"));
}

namespace {

// Ends a run at step 3, changes its checkpoint, resumes it and returns the error, which must leave the
// checkpoint as it was.
std::string error_after_change(const Config& config, const std::function<void(data::TensorFile&)>& change) {
  const Folder folder;
  Trainer(config, folder / "run", false, nowhere()).run();
  const CheckpointFolder files{folder / "run/checkpoints"};
  fs::remove(files.last());
  data::TensorFile file = data::read_safetensors(files.previous().string());
  change(file);
  data::write_safetensors(files.previous().string(), file);
  const std::string before = text_of(files.previous());
  Trainer trainer(config, folder / "run", true, nowhere());
  const std::string message = error_of([&] { trainer.run(); });
  CHECK(text_of(files.previous()) == before);
  CHECK(!fs::exists(files.last()));
  return message;
}

}  // namespace

TEST_CASE("a loss that is not finite stops the run, names the op and keeps the checkpoint") {
  const Folder folder;
  const std::string message = error_after_change(small_config(folder), [](data::TensorFile& file) {
    file.tensors.at("model.out.conv.0.bias").fill(NAN);
  });
  CHECK(message.find("step 3: loss 'source' is nan") == 0);
  CHECK(message.find("op conv2d made the first NaN") != std::string::npos);
}

namespace {

// The last weights are huge and meet tiny values: the logits are moderate, but the gradient of those values,
// added over all pixels, is huge.
std::string error_after_huge_gradients(float weight_value, float bias_value) {
  const Folder folder;
  return error_after_change(small_config(folder, {"model.norm=group", "uda.mode=source-only"}),
                            [&](data::TensorFile& file) {
                              file.tensors.at("model.out.conv.1.weight").fill(0);
                              file.tensors.at("model.out.conv.1.bias").fill(bias_value);
                              Tensor& weight = file.tensors.at("model.out.conv.3.weight");
                              weight.fill(0);
                              for (int64_t i = weight.numel() / 2; i < weight.numel(); ++i)
                                weight.data<float>()[i] = weight_value;
                            });
}

}  // namespace

TEST_CASE("a gradient that is not finite does the same, though the loss is finite") {
  const std::string message = error_after_huge_gradients(3e38f, 1e-37f);
  CAPTURE(message);
  CHECK(message.find("step 3: the norm of the gradients is ") == 0);
  CHECK(message.find("made the first NaN") != std::string::npos);
}

TEST_CASE("gradients that are finite but too large for their norm blame no op") {
  const std::string message = error_after_huge_gradients(1e25f, 1e-25f);
  CAPTURE(message);
  CHECK(message.find(
            "step 3: the norm of the gradients is not a finite number; every op's result was finite") == 0);
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

TEST_CASE("a missing file of weights leaves no run behind") {
  const Folder folder;
  CHECK(error_of([&] {
          Trainer(small_config(folder, {"model.pretrained=nope.pth"}), folder / "run", false, nowhere());
        }).find("nope.pth: no such file") != std::string::npos);
  CHECK(!fs::exists(folder / "run"));
}
