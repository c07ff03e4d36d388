// What is wrong with a run's input is said before its first step, and leaves no run behind.
#include <doctest/doctest.h>

#include "masktwins/trainer.h"
#include "tests/masktwins/small_run.h"

using namespace masktwins;
using namespace masktwins::tests;

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

TEST_CASE("a missing file of weights leaves no run behind") {
  const Folder folder;
  CHECK(error_of([&] {
          Trainer(small_config(folder, {"model.pretrained=nope.pth"}), folder / "run", false, nowhere());
        }).find("nope.pth: no such file") != std::string::npos);
  CHECK(!fs::exists(folder / "run"));
}
