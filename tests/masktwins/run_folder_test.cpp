#include "masktwins/run_folder.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "data/file.h"
#include "masktwins/run_log.h"
#include "tests/data/folder.h"

using namespace masktwins;
namespace fs = std::filesystem;
using masktwins::tests::Folder;

TEST_CASE("a run folder is made once and opened again") {
  const Folder folder;
  const Config config = parse_config("[train]\nlr = 0.5\n", "em.toml");
  CHECK_THROWS_AS(RunFolder::open(folder / "nothing"), Error);
  const RunFolder made = RunFolder::create(folder / "a" / "b", config);
  made.write_config(config);
  CHECK(RunFolder::create(made.path(), config).path() ==
        made.path());                                                // nothing was saved, so nothing is lost
  CHECK_THROWS_AS(RunFolder::create(made.path(), Config{}), Error);  // but this is not its config.toml
  data::write_file(made.checkpoints() / "previous.safetensors", "a checkpoint");
  CHECK_THROWS_AS(RunFolder::create(made.path(), config), Error);
  CHECK(RunFolder::open(made.path()).config().train.lr == 0.5);
  CHECK(fs::is_directory(made.checkpoints()));
  made.write_metrics({{"best", {{"iou", 0.75}}}});
  CHECK(nlohmann::json::parse(data::read_file(made.path() / "metrics.json"))["best"]["iou"] == 0.75);
}

TEST_CASE("a run folder that cannot be made is an error") {
  CHECK_THROWS_AS(RunFolder::create("/proc/no/such/place", {}), Error);
}

TEST_CASE("the log is appended line by line and rewound to a step") {
  const Folder folder;
  const fs::path file = folder / "log.jsonl";
  {
    RunLog log(file);
    log.append({{"event", "start"}});
    for (int step = 1; step <= 4; ++step) log.append({{"step", step}, {"loss", 1.0 / step}});
    CHECK(data::read_file(file).find("\"step\":4}\n") != std::string::npos);
  }
  std::ofstream(file, std::ios::app) << "{\"step\":5, cut o";
  RunLog log(file);
  log.rewind(3);
  const std::string text = data::read_file(file);
  CHECK(text.find("start") != std::string::npos);
  CHECK(text.ends_with("\"step\":3}\n"));
  log.append({{"step", 4}});
  CHECK(data::read_file(file) == text + "{\"step\":4}\n");
}

TEST_CASE("rewinding past the end only drops the line that was cut off") {
  const Folder folder;
  const fs::path file = folder / "log.jsonl";
  data::write_file(file, "{\"step\":1}\n{\"step\":2}");
  RunLog log(file);
  log.rewind(9);
  CHECK(data::read_file(file) == "{\"step\":1}\n");
}

TEST_CASE("two programs cannot train into one folder") {
  const Folder folder;
  const RunLog first(folder / "log.jsonl");
  CHECK_THROWS_AS(RunLog(folder / "log.jsonl"), Error);
}

TEST_CASE("a full disk is an error") {
  if (!fs::exists("/dev/full")) return;
  RunLog log("/dev/full");
  CHECK_THROWS_AS(log.append({{"step", 1}}), Error);
}
