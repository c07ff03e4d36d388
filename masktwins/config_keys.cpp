#include "masktwins/config_keys.h"

namespace masktwins {
namespace {

constexpr Range probability = {0, 1};
constexpr Range steps = {0, 1e9};
constexpr Range weight = {0, 1e6};

using Choices = std::vector<std::string>;

ConfigKey number(std::string name, ConfigKey::Target target, Range range, std::string help) {
  return {.name = std::move(name), .target = target, .help = std::move(help), .range = range};
}

ConfigKey one_of(std::string name, std::string* target, Choices choices, std::string help) {
  return {.name = std::move(name), .target = target, .help = std::move(help), .choices = std::move(choices)};
}

ConfigKey other(std::string name, ConfigKey::Target target, std::string help) {
  return {.name = std::move(name), .target = target, .help = std::move(help)};
}

// Where data lies and how a run reports: may change between the parts of a resumed run.
ConfigKey free_to_change(ConfigKey key) {
  key.changes_result = false;
  return key;
}

using Keys = std::vector<ConfigKey>;

void append(Keys& keys, Keys more) { keys.insert(keys.end(), more.begin(), more.end()); }

Keys model_keys(ModelConfig& model) {
  return {
      other("model.name", &model.name, "network"),
      number("model.width", &model.width, {1, 4096}, "channels of its first stage"),
      one_of("model.norm", &model.norm, {"instance", "batch", "group"}, "normalisation layers"),
      number("model.in_channels", &model.in_channels, {1, 4}, "1 grey, 3 colour"),
      number("model.classes", &model.classes, {2, 255}, "classes; 255 in a label means: ignore"),
  };
}

Keys data_keys(DataConfig& data) {
  return {
      number("data.scale", &data.scale, {0.01, 16}, "images and labels are resized by this factor"),
      one_of(
          "data.normalize", &data.normalize, {"minmax", "standard", "imagenet"},
          "minmax: each image to [0, 1]; standard: mean 0, deviation 1; imagenet: its means and deviations"),
      number("data.label_values", &data.label_values, {0, 65535}, "value in the label file = class"),
      free_to_change(other("data.class_names", &data.class_names, "names in tables, in class order")),
      free_to_change(number("data.workers", &data.workers, {0, 256}, "threads that prepare batches")),
      free_to_change(other("data.source.images", &data.source.images, "folder of labelled images")),
      free_to_change(other("data.source.labels", &data.source.labels, "folder of their labels, same names")),
      free_to_change(other("data.target.images", &data.target.images, "folder of unlabelled images")),
      free_to_change(other("data.test.images", &data.test.images, "folder for evaluation, may be empty")),
      free_to_change(other("data.test.labels", &data.test.labels, "folder of their labels, same names")),
  };
}

Keys train_keys(TrainConfig& train) {
  return {
      number("train.iterations", &train.iterations, steps, "optimiser steps"),
      number("train.batch", &train.batch, {1, 1024}, "source images, and target images, per step"),
      number("train.crop", &train.crop, {16, 16384}, "side of the square crops, in pixels"),
      number("train.lr", &train.lr, {0, 100}, "learning rate"),
      one_of("train.optimizer", &train.optimizer, {"adam", "adamw", "sgd"}, "optimiser"),
      number("train.beta1", &train.beta1, {0, 0.999999}, "Adam: decay of the first moment"),
      number("train.beta2", &train.beta2, {0, 0.999999}, "Adam: decay of the second moment"),
      number("train.momentum", &train.momentum, probability, "SGD: momentum"),
      number("train.weight_decay", &train.weight_decay, {0, 10},
             "decoupled in adamw, added to gradients else"),
      one_of("train.schedule", &train.schedule, {"poly", "constant"}, "learning rate over the run"),
      number("train.power", &train.power, {0, 10}, "poly: lr * (1 - t / iterations) ^ power"),
      number("train.warmup", &train.warmup, steps, "steps in which the learning rate rises linearly"),
      number("train.clip_norm", &train.clip_norm, weight, "largest gradient norm; 0 = no clipping"),
      free_to_change(number("train.checkpoint_every", &train.checkpoint_every, {1, 1e9}, "steps")),
      free_to_change(number("train.evaluate_every", &train.evaluate_every, steps, "steps; 0 = never")),
      free_to_change(number("train.picture_every", &train.picture_every, steps, "steps; 0 = never")),
      free_to_change(number("train.log_every", &train.log_every, {1, 1e9}, "steps")),
  };
}

Keys uda_keys(UdaConfig& uda) {
  return {
      one_of("uda.mode", &uda.mode, {"masktwins", "paper", "random-twin", "mic", "dacs", "source-only"},
             "preset for the switches below"),
      number("uda.masks", &uda.masks, {0, 16}, "masked views per image; 0 = none"),
      other("uda.complementary", &uda.complementary, "each pixel is visible in exactly one view"),
      number("uda.mask_ratio", &uda.mask_ratio, probability,
             "share of hidden patches; a list draws one per step"),
      number("uda.mask_block", &uda.mask_block, {1, 4096}, "side of the hidden patches, in pixels"),
      one_of("uda.mask_image", &uda.mask_image, {"target", "source", "both"}, "images that are masked"),
      other("uda.mask_augment", &uda.mask_augment, "colour jitter and blur before masking"),
      number("uda.mask_weight", &uda.mask_weight, weight, "weight of the loss of the masked views"),
      number("uda.cm_weight", &uda.cm_weight, weight, "weight of the consistency between the views"),
      one_of("uda.cm_loss", &uda.cm_loss, {"mse_logits", "mse_prob", "l2_prob"}, "consistency loss"),
      other("uda.class_mix", &uda.class_mix, "train on mixtures of source and target images"),
      other("uda.quality_weight", &uda.quality_weight, "weight target losses by the share of sure pixels"),
      number("uda.quality_threshold", &uda.quality_threshold, probability,
             "teacher probability of a sure pixel"),
      number("uda.threshold", &uda.threshold, probability,
             "pixels with less teacher probability are ignored"),
      number("uda.ema_alpha", &uda.ema_alpha, probability,
             "teacher = alpha * teacher + (1 - alpha) * student"),
      number("uda.start", &uda.start, steps, "first step with target losses"),
      number("uda.rampup", &uda.rampup, steps,
             "steps T of the factor exp(-5 (1 - t / T)^2) on target losses"),
      number("uda.color_jitter", &uda.color_jitter, probability, "strength of the colour jitter"),
      number("uda.color_jitter_probability", &uda.color_jitter_probability, probability, "how often"),
      number("uda.blur_probability", &uda.blur_probability, probability, "how often images are blurred"),
      number("uda.blur_sigma_min", &uda.blur_sigma_min, {0, 100}, "pixels"),
      number("uda.blur_sigma_max", &uda.blur_sigma_max, {0, 100}, "pixels"),
  };
}

}  // namespace

std::vector<ConfigKey> config_keys(Config& config) {
  Keys keys = {number("seed", &config.seed, {0, 4294967295.0}, "of every random draw")};
  append(keys, model_keys(config.model));
  append(keys, data_keys(config.data));
  append(keys, train_keys(config.train));
  append(keys, uda_keys(config.uda));
  return keys;
}

}  // namespace masktwins
