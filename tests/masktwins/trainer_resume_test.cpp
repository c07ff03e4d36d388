// Runs that ended early, for whatever reason, and go on.
#include <doctest/doctest.h>

#include "masktwins/trainer.h"
#include "tests/masktwins/small_run.h"

using namespace masktwins;
using namespace masktwins::tests;

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
    CHECK(data::read_file(folder / "whole" / file) == data::read_file(folder / "resumed" / file));
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
  const std::string checkpoint = data::read_file(files.last()), log = log_of(folder / "run")[0].dump();
  fs::remove(files.last());
  fs::remove(files.previous());
  data::write_file(files.folder / "last.safetensors.77.tmp", "half of a checkpoint");
  data::write_file(folder / "run/notes.tmp", "somebody's own");
  const std::string message = error_of([&] { Trainer(config, folder / "run", true, nowhere()); });
  CHECK(message.find("no checkpoint to resume from; start the run without --resume") != std::string::npos);
  CHECK(Trainer(config, folder / "run", false, nowhere()).run());
  CHECK(data::read_file(files.last()) == checkpoint);
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
  const std::string before = data::read_file(folder / "run/checkpoints/last.safetensors");
  CHECK(Trainer(config, folder / "run", true, nowhere()).run());
  CHECK(data::read_file(folder / "run/checkpoints/last.safetensors") == before);
}

namespace {

// Makes a PNG's compressed bytes wrong and returns the file as it was.
std::string damage(const fs::path& image) {
  const std::string intact = data::read_file(image);
  std::string damaged = intact;
  damaged.replace(damaged.find("IDAT") + 4, 2, 2, '\xff');
  data::write_file(image, damaged);
  return intact;
}

}  // namespace

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
  data::write_file(image, intact);
  Trainer resumed(config, folder / "run", true, nowhere());
  CHECK(resumed.position().step == step);
  CHECK(resumed.run());
  const char* last = "checkpoints/last.safetensors";
  CHECK(data::read_file(folder / "run" / last) == data::read_file(folder / "whole" / last));
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
    data::write_file(image, intact);
    CHECK(Trainer(config, folder / "run", true, nowhere()).run());
    for (const char* file : {"checkpoints/last.safetensors", "checkpoints/best.safetensors"})
      CHECK(data::read_file(folder / "run" / file) == data::read_file(folder / "whole" / file));
    CHECK(log_of(folder / "run") == log_of(folder / "whole"));
    CHECK(Trainer(config, folder / "run", true, nowhere()).run());
    CHECK(log_of(folder / "run") == log_of(folder / "whole"));
  }
}
