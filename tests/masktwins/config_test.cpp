#include "masktwins/config.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "masktwins/classes.h"
#include "masktwins/config_keys.h"
#include "masktwins/nearest_name.h"
#include "tensor/check.h"

using namespace masktwins;

namespace {

// The message with which reading `toml` fails; empty if it does not.
std::string error_of(const std::string& toml, const std::vector<std::string>& overrides = {}) {
  try {
    parse_config(toml, "em.toml", overrides);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("values of every type are read") {
  const Config config = parse_config(R"(
seed = 7
[model]
name = "unet"
[data]
class_names = ["cell", "mitochondrion"]
label_values = { 0 = 0, 128 = 255, 255 = 1 }
source.images = "a b/images"
[train]
lr = 1
crop = 64
[uda]
mask_ratio = [0.3, 0.5]
class_mix = false
)",
                                     "em.toml");
  CHECK(config.seed == 7);
  CHECK(config.data.class_names == std::vector<std::string>{"cell", "mitochondrion"});
  CHECK(config.data.label_values == std::map<int64_t, int64_t>{{0, 0}, {128, 255}, {255, 1}});
  CHECK(config.data.source.images == std::vector<std::string>{"a b/images"});
  CHECK(config.train.lr == 1.0);
  CHECK(config.train.crop == 64);
  CHECK(config.uda.mask_ratio == std::vector{0.3, 0.5});
  CHECK(!config.uda.class_mix);
  CHECK(config.train.batch == 2);
}

TEST_CASE("label values may stand in a section of their own") {
  const Config config = parse_config("[data.label_values]\n0 = 0\n1 = 1\n", "em.toml");
  CHECK(config.data.label_values == std::map<int64_t, int64_t>{{0, 0}, {1, 1}});
}

TEST_CASE("overrides are TOML values or bare text and win over the file") {
  const Config config =
      parse_config("[train]\nlr = 1e-3\n", "em.toml",
                   {"train.lr=2e-3", "uda.mode=mic", "data.source.images=2020", "uda.mask_ratio=[0.1,0.2]",
                    "data.label_values={ 0 = 0, 1 = 1 }", "data.source.labels=\"a=b\""});
  CHECK(config.train.lr == 2e-3);
  CHECK(config.uda.mode == "mic");
  CHECK(config.data.source.images == std::vector<std::string>{"2020"});
  CHECK(config.data.source.labels == std::vector<std::string>{"a=b"});
  CHECK(config.uda.mask_ratio == std::vector{0.1, 0.2});
  CHECK(config.data.label_values.at(1) == 1);
}

TEST_CASE("every error names the line, the key and what is allowed") {
  CHECK(error_of("seed = 1\n[train]\nbtach = 4\n") ==
        "em.toml:3: unknown key 'train.btach'; did you mean 'train.batch'?");
  CHECK(error_of("lr = 1\n") == "em.toml:1: unknown key 'lr'; did you mean 'train.lr'?");
  CHECK(contains(error_of("[trian]\nlr = 1\n"), "unknown key 'trian'"));
  CHECK(error_of("[train]\nbatch = \"two\"\n") ==
        "em.toml:2: train.batch must be an integer in [1, 1024], got 'two'");
  CHECK(contains(error_of("[train]\nbatch = 2.5\n"), "must be an integer in [1, 1024], got 2.5"));
  CHECK(contains(error_of("[train]\nbatch = 0\n"), "must be an integer in [1, 1024], got 0"));
  CHECK(contains(error_of("[train]\nlr = nan\n"), "must be a number in [0, 100], got nan"));
  CHECK(contains(error_of("[uda]\nmask_ratio = [0.5, 1.5]\n"), "numbers in [0, 1]"));
  CHECK(contains(error_of("[uda]\nmask_ratio = []\n"), "numbers in [0, 1], got []"));
  CHECK(contains(error_of("[uda]\ncm_loss = \"mse\"\n"), "must be one of \"mse_logits\", \"mse_prob\""));
  CHECK(contains(error_of("[uda]\nclass_mix = 1\n"), "true or false"));
  CHECK(contains(error_of("[data.label_values]\nfirst = 0\n"), "data.label_values must be a table"));
  CHECK(contains(error_of("train = 3\n"), "unknown key 'train'"));
  CHECK(contains(error_of("[train\n"), "em.toml:1: not valid TOML"));
  CHECK(contains(error_of("", {"train.lr"}), "--set train.lr: write it as key=value"));
  CHECK(contains(error_of("", {"lr=1"}), "--set lr=1: unknown key 'lr'; did you mean 'train.lr'?"));
  CHECK(contains(error_of("", {"train.lr=fast"}), "must be a number in [0, 100], got 'fast'"));
}

TEST_CASE("rules between keys") {
  CHECK(contains(error_of("[data]\nlabel_values = { 0 = 0, 9 = 2 }\n"), "value 9 maps to class 2"));
  CHECK(error_of("[data]\nlabel_values = { 0 = 0, 9 = 255 }\n").empty());
  CHECK(contains(error_of("[data]\nclass_names = [\"a\"]\n"), "has 1 names"));
  CHECK(contains(error_of("[data]\nnormalize = \"imagenet\"\n"), "model.in_channels = 3"));
  CHECK(contains(error_of("[uda]\nblur_sigma_min = 2.0\n"), "uda.blur_sigma_max"));
}

TEST_CASE("rules of layouts and class tables") {
  const std::string street = "[model]\nclasses = 19\n[data]\n";
  CHECK(error_of(street + "source.layout = \"synthia\"\nsource.root = \"s\"\n").empty());
  CHECK(contains(error_of("[data]\nsource.layout = \"gta\"\n"), "has 19 classes, but model.classes is 2"));
  CHECK(contains(error_of(street + "source.layout = \"gta\"\nsource.images = \"i\"\n"), "leave out images"));
  CHECK(contains(error_of("[data]\nsource.root = \"s\"\n"), "data.source.root belongs to a layout"));
  CHECK(contains(error_of("[data]\ntest.long_side = 640\n"), "belong together"));
  CHECK(contains(error_of("[data]\nsource.label_values = { 3 = 4 }\n"), "value 3 maps to class 4"));
  CHECK(contains(error_of("[data]\nclass_table = \"camvid\"\n"), "has 11 classes, but model.classes is 2"));
  CHECK(contains(error_of("[data]\nclass_colors = [\"#000000\", \"red\"]\n"), "'red' is no colour"));
  CHECK(contains(error_of("[data]\nclass_colors = [\"#000000\"]\n"), "has 1 colours"));
  CHECK(contains(error_of("[train]\nrare_classes = true\nforeground_share = 0.1\n"), "set one of them"));
}

TEST_CASE("names and colours of the classes") {
  const data::ClassTable own = classes_of(parse_config(
      "", "test",
      {"data.class_names=[\"skin\", \"lesion\"]", "data.class_colors=[\"#000000\", \"#Ff8001\"]"}));
  CHECK(own.names[1] == "lesion");
  CHECK(own.colors[1] == data::Color{255, 128, 1});
  const Config camvid = parse_config("", "test", {"model.classes=11", "data.class_table=camvid"});
  CHECK(classes_of(camvid).names[10] == "bicyclist");
  CHECK(classes_of(camvid).colors[8] == data::Color{64, 0, 128});
}

TEST_CASE("the street preset augments gently, explicit keys win") {
  const Config street = parse_config("", "test", {"augment.preset=street", "augment.rotate=0.1"});
  CHECK(street.augment.probability == 1);
  CHECK(street.augment.mirror == 0.5);
  CHECK(street.augment.flip == 0);
  CHECK(street.augment.elastic == 0);
  CHECK(street.augment.rotate == 0.1);
  CHECK(street.augment.class_share_limit == 0.75);
  CHECK(street.augment.border == "zero");
  CHECK(to_toml(parse_config(to_toml(street), "again")) == to_toml(street));
}

TEST_CASE("every configuration of the repository is valid") {
  int files = 0;
  for (const auto& item : std::filesystem::recursive_directory_iterator("configs")) {
    if (item.path().extension() != ".toml") continue;
    CAPTURE(item.path());
    CHECK_NOTHROW(read_config(item.path()));
    ++files;
  }
  CHECK(files >= 3);
}

TEST_CASE("the street scenes' configurations of MaskTwins are those of the release") {
  for (const char* sets :
       {"synthia-to-cityscapes", "gta-to-cityscapes", "cityscapes-to-acdc", "cityscapes-to-darkzurich"}) {
    CAPTURE(sets);
    const Config config = read_config(concat_text("configs/", sets, "/masktwins.toml"));
    CHECK(config.train.batch == 2);
    CHECK(config.train.target_batch == 1);
    CHECK(config.train.iterations == 40000);
    CHECK(config.train.lr == 6e-5);
    CHECK(config.uda.mask_ratio == std::vector{0.5});
    CHECK(config.uda.mask_block == 64);
    CHECK(config.uda.masks == 2);
    CHECK(config.uda.complementary);
    CHECK(config.uda.cm_weight == 0.01);
    CHECK(config.uda.feature_distance_weight == 0.005);
    CHECK(config.uda.quality_threshold == 0.968);
  }
}

TEST_CASE("random-twin differs from MaskTwins in its masks alone") {
  for (const std::string sets : {"configs/synthia-to-cityscapes", "configs/gta-to-cityscapes"}) {
    CAPTURE(sets);
    const Config twins = read_config(sets + "/masktwins.toml", {"uda.mode=random-twin"});
    CHECK(!twins.uda.complementary);
    CHECK(to_toml(read_config(sets + "/random-twin.toml")) == to_toml(twins));
  }
}

TEST_CASE("the mitochondria's configuration has the settings of the paper") {
  const Config config = read_config("configs/vnc3-to-lucchi.toml");
  CHECK(config.model.width == 64);
  CHECK(config.train.crop == 512);
  CHECK(config.train.batch == 2);
  CHECK(config.train.iterations == 200000);
  CHECK(config.train.optimizer == "adam");
  CHECK(config.train.lr == 1e-4);
  CHECK(config.train.power == 0.9);
  CHECK(config.uda.mask_ratio == std::vector{0.5});
  CHECK(config.uda.mask_block == 32);
  CHECK(config.uda.cm_weight == 0.01);
  CHECK(config.uda.threshold == 0.7);
  CHECK(768 + 2 * config.eval.pad_rows == 1120);
  CHECK(1024 + 2 * config.eval.pad_columns == 1120);
}

TEST_CASE("an unreadable file is an error, not a crash") {
  CHECK_THROWS_AS(read_config("no/such/file.toml"), Error);
  CHECK_THROWS_AS(read_config("/"), Error);
}

TEST_CASE("modes set switches, explicit keys win") {
  const auto with_mode = [](const std::string& mode, const std::string& more = "") {
    return parse_config("[uda]\nmode = \"" + mode + "\"\n" + more, "em.toml").uda;
  };
  CHECK(with_mode("masktwins").masks == 2);
  CHECK(with_mode("masktwins").class_mix);
  CHECK(!with_mode("random-twin").complementary);
  CHECK(with_mode("mic").masks == 1);
  CHECK(with_mode("mic").mask_ratio == std::vector{0.7});
  CHECK(with_mode("mic").cm_weight == 0);
  CHECK(with_mode("dacs").masks == 0);
  CHECK(with_mode("dacs").class_mix);
  CHECK(with_mode("source-only").masks == 0);
  CHECK(!with_mode("source-only").class_mix);
  CHECK(with_mode("paper").cm_loss == "l2_prob");
  CHECK(with_mode("paper").threshold == 0.7);
  CHECK(with_mode("paper", "class_mix = true\nthreshold = 0\n").class_mix);
  CHECK(with_mode("paper", "class_mix = true\nthreshold = 0\n").threshold == 0);
}

TEST_CASE("the written configuration reads back as the same") {
  const Config config =
      parse_config("[uda]\nmode = \"mic\"\nema_alpha = 0.1\n[train]\nlr = 3.3e-7\n", "em.toml",
                   {"data.source.images=\"quote \\\" and \\\\ slash\"", "data.class_names=[\"a\", \"b#\"]"});
  const std::string text = to_toml(config);
  const Config again = parse_config(text, "config.toml");
  CHECK(to_toml(again) == text);
  CHECK(again.train.lr == 3.3e-7);
  CHECK(again.data.source.images == std::vector<std::string>{"quote \" and \\ slash"});
  CHECK(again.uda.mask_ratio == config.uda.mask_ratio);
  CHECK(config_hash(again) == config_hash(config));
}

TEST_CASE("the hash changes with what changes the result") {
  const auto hash = [](const std::vector<std::string>& overrides) {
    return config_hash(parse_config("", "em.toml", overrides));
  };
  CHECK(hash({}) == hash({"data.workers=4", "train.log_every=1", "data.test.images=elsewhere"}));
  CHECK(hash({}) != hash({"train.lr=2e-4"}));
  CHECK(hash({}) != hash({"uda.mode=mic"}));
  CHECK(hash({}) != hash({"uda.mask_ratio=[0.5,0.6]"}));
}

TEST_CASE("changed settings are named with both values") {
  const Config before = parse_config("", "em.toml");
  const Config after = parse_config("", "em.toml", {"train.lr=1e-3", "data.workers=2", "augment.flip=0.1"});
  CHECK(changed_settings(before, before).empty());
  CHECK(changed_settings(before, after) ==
        std::vector<std::string>{"train.lr = 0.001, was 0.0001", "augment.flip = 0.1, was 0.5"});
}

TEST_CASE("keys are unique and documented") {
  Config config;
  std::set<std::string> names;
  for (const ConfigKey& key : config_keys(config)) {
    CAPTURE(key.name);
    CHECK(names.insert(key.name).second);
    CHECK(!key.help.empty());
  }
}

TEST_CASE("nearest name") {
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "abc") == 0);
  CHECK(nearest_name("crop", {"train.lr", "train.crop"}) == "train.crop");
  CHECK(nearest_name("x", {}).empty());
}
