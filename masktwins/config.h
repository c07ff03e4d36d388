// Everything that decides what a run computes. Read from TOML, changed by --set, written into the run folder.
// config_keys.cpp holds the one table of keys: name, range and help of every member below.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "data/augment.h"

namespace masktwins {

struct ModelConfig {
  std::string name = "unet";
  int64_t width = 64;
  std::string norm = "instance";
  int64_t in_channels = 1;
  int64_t classes = 2;
  double drop_path = 0.1, dropout = 0.1;
  int64_t checkpoint_blocks = 0;
  int64_t head_channels = 0;
  std::string fusion = "aspp";
  int64_t hr_crop = 512;
  double detail_weight = 0.1;
  std::string pretrained;
};

// Where the sections of one set lie; the meaning of the members is that of data::DatasetOptions, and with a
// layout other than "folder" that of data::apply_layout.
struct DatasetConfig {
  std::string layout = "folder", root, split = "train";
  std::vector<std::string> images, labels;
  std::string image_suffix, label_suffix;
  std::string include, exclude;
  int64_t first = 0, count = 0;
  int64_t long_side = 0, short_side = 0;
  double scale = 1;
  std::map<int64_t, int64_t> label_values;  // empty: data.label_values
  std::string statistics;                   // folder of the class statistics; empty: root
  int64_t margin_top = 0, margin_bottom = 0, margin_left = 0, margin_right = 0;
};

struct DataConfig {
  double scale = 1;
  std::string normalize = "minmax";
  std::map<int64_t, int64_t> label_values = {{0, 0}, {255, 1}};  // value in the file -> class
  int64_t other_label_value = -1;
  std::string class_table = "none";
  std::vector<std::string> class_names;
  std::vector<std::string> class_colors;  // "#rrggbb"
  int64_t workers = 1;
  int64_t cache_mb = 4096;
  DatasetConfig source, target, test;
};

struct TrainConfig {
  int64_t iterations = 200000;
  int64_t batch = 2, target_batch = 0;
  int64_t crop = 512;
  double lr = 1e-4;
  std::string optimizer = "adam";
  double beta1 = 0.9, beta2 = 0.999, momentum = 0.9, weight_decay = 0;
  std::string schedule = "poly";
  double power = 0.9;
  int64_t warmup = 0;
  double clip_norm = 0;
  double head_lr_factor = 1, norm_decay_factor = 1;
  std::string precision = "float32";
  double foreground_share = 0;
  bool rare_classes = false;
  int64_t rare_class_min_pixels = 3000;
  double rare_class_temperature = 0.01, rare_class_min_crop_ratio = 2;
  int64_t checkpoint_every = 1000, evaluate_every = 1000, picture_every = 1000, log_every = 50;
};

// How large images are cut for evaluation and prediction, as in WindowOptions, and where scores are taken.
struct EvalConfig {
  int64_t window = 0, stride = 0;
  int64_t whole_pixels = 3 << 19;
  int64_t pad_rows = 0, pad_columns = 0;
  std::string blend = "gaussian";
  std::string size = "original";
  bool match_shares = false;
  std::string orientations = "one";
};

// How the training step uses the target images. `mode` only chooses defaults for the switches below it
// (apply_mode_preset); the step itself looks at the switches alone.
struct UdaConfig {
  std::string mode = "masktwins";
  int64_t masks = 2;
  bool complementary = true;
  std::vector<double> mask_ratio = {0.5};
  int64_t mask_block = 32;
  std::string mask_image = "target";
  bool mask_augment = true;
  double mask_weight = 1;
  double cm_weight = 0.01;
  std::string cm_loss = "mse_logits";
  bool save_memory = false;
  bool class_mix = true;
  double feature_distance_weight = 0;
  std::vector<std::string> feature_classes = {"traffic light", "traffic sign", "person", "rider",
                                              "car",           "truck",        "bus",    "train",
                                              "motorcycle",    "bicycle"};
  std::string adain = "none";
  double entropy_weight = 0;
  double adversarial_weight = 0, discriminator_lr = 1e-4;
  bool quality_weight = true;
  double quality_threshold = 0.968;
  double threshold = 0;
  double foreground_threshold = 0;
  double ema_alpha = 0.999;
  int64_t start = 0;
  int64_t rampup = 0;
  double color_jitter = 0.2, color_jitter_probability = 0.8;
  double blur_probability = 0.5, blur_sigma_min = 0.15, blur_sigma_max = 1.15;

  // Whether the teacher must label the target, and whether its images are used at all.
  bool uses_pseudo_labels() const { return class_mix || masks > 0; }
  bool uses_target() const { return uses_pseudo_labels() || entropy_weight > 0 || adversarial_weight > 0; }
};

struct Config {
  int64_t seed = 1;
  ModelConfig model;
  DataConfig data;
  TrainConfig train;
  EvalConfig eval;
  std::string augment_preset = "microscopy";
  data::AugmentOptions augment;
  UdaConfig uda;
};

// Reads a TOML file, then applies the overrides ("train.lr=1e-3", values as in TOML, strings with or without
// quotes), then the presets of uda.mode and augment.preset, then check(). Throws Error with file and line, or
// with the override.
Config read_config(const std::string& path, const std::vector<std::string>& overrides = {});
// The same from the text of a TOML file; `where` stands in front of the line number in errors.
Config parse_config(const std::string& toml, const std::string& where,
                    const std::vector<std::string>& overrides = {});

// Sets every switch in which the mode differs from the defaults of UdaConfig, except the keys in
// `explicit_keys`:
//   masktwins    complementary views of the target, pseudo-label loss on both, consistency between them,
//                ClassMix, quality weight (the released code)
//   paper        eq. (10)-(17): no ClassMix, no quality weight, labels below 0.7 ignored, L2 norm of the
//                probabilities as consistency
//   random-twin  as masktwins, but the two masks are independent with ratios r and 1 - r
//   mic          one masked view with ratio 0.7 and no consistency (Hoyer et al., CVPR 2023)
//   dacs         ClassMix alone (Tranheden et al., WACV 2021)
//   daformer     dacs and the feature distance (Hoyer et al., CVPR 2022)
//   hrda         daformer for a network of the hrda family (Hoyer et al., ECCV 2022)
//   advent       entropy minimisation on the target (MinEnt of Vu et al., CVPR 2019)
//   advseg       adversarial adaptation in output space (Tsai et al., CVPR 2018)
//   source-only  no loss on target images
// The feature distance belongs to masktwins, random-twin, mic, daformer and hrda, where model.pretrained
// names the weights it keeps close to; without those it is off.
void apply_mode_preset(Config& config, const std::set<std::string>& explicit_keys);

// augment.preset = "street": sets every augment key that is not in `explicit_keys` as
// data::street_augmentation().
void apply_augment_preset(Config& config, const std::set<std::string>& explicit_keys);

// Rules that concern several keys at once. Throws Error.
void check(const Config& config);

// The complete configuration as TOML, each key with its help as a comment. Reading it gives the same config.
std::string to_toml(const Config& config);

// "train.lr = 0.001, was 0.0001" for every setting that changes the result and differs between the two.
std::vector<std::string> changed_settings(const Config& before, const Config& after);

// A number that changes with every setting that changes the result of a run. Where the data lies, how many
// workers read it and how often a run reports do not count.
uint64_t config_hash(const Config& config);

}  // namespace masktwins
