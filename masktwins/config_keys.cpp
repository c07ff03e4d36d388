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
      number("model.width", &model.width, {1, 4096}, "unet: channels of its first stage"),
      one_of("model.norm", &model.norm, {"instance", "batch", "group"}, "unet: normalisation layers"),
      number("model.in_channels", &model.in_channels, {1, 3}, "1 grey, 3 colour"),
      number("model.classes", &model.classes, {2, 255}, "classes; 255 in a label means: ignore"),
      number("model.drop_path", &model.drop_path, {0, 0.99},
             "transformers: probability that the last block is left out in training; less before"),
      number("model.dropout", &model.dropout, {0, 0.99}, "heads: share of channels dropped in training"),
      number("model.checkpoint_blocks", &model.checkpoint_blocks, {0, 1000},
             "transformers: so many of the first blocks save memory by computing twice"),
      number("model.head_channels", &model.head_channels, {0, 4096}, "heads: width; 0 = as published"),
      one_of("model.fusion", &model.fusion, {"aspp", "conv1"}, "daformer, hrda: how the head joins scales"),
      number("model.hr_crop", &model.hr_crop, {32, 8192}, "hrda: side of the windows at full resolution"),
      number("model.detail_weight", &model.detail_weight, probability,
             "hrda: weight of the loss of the windows alone"),
  };
}

// Labels of the target set are never read, so its keys name none.
Keys dataset_keys(const std::string& name, DatasetConfig& set, const std::string& what, bool labelled) {
  Keys keys = {free_to_change(other(name + ".images", &set.images, what))};
  if (labelled)
    keys.push_back(free_to_change(other(name + ".labels", &set.labels, "their labels, same names")));
  append(
      keys,
      {
          other(name + ".image_suffix", &set.image_suffix, "only files whose name without extension ends so"),
          other(name + ".include", &set.include, "only file names that match, such as \"0001TP*\""),
          other(name + ".exclude", &set.exclude, "no file names that match"),
          number(name + ".first", &set.first, {0, 1e9}, "of what remains the sections from this one on"),
          number(name + ".count", &set.count, {0, 1e9}, "how many; 0 = all"),
          number(name + ".scale", &set.scale, {0.01, 16},
                 "resizes this set, for example to the pixel size of another"),
      });
  if (labelled) keys.push_back(other(name + ".label_suffix", &set.label_suffix, "as image_suffix"));
  return keys;
}

Keys data_keys(DataConfig& data) {
  Keys keys = {
      number("data.scale", &data.scale, {0.01, 16},
             "images and labels of all sets are resized by this factor"),
      one_of(
          "data.normalize", &data.normalize, {"minmax", "standard", "imagenet"},
          "minmax: each image to [0, 1]; standard: mean 0, deviation 1; imagenet: its means and deviations"),
      number("data.label_values", &data.label_values, {0, 65535}, "value in the label file = class"),
      number("data.other_label_value", &data.other_label_value, {-1, 255},
             "class of values that label_values does not name; -1 = they are an error"),
      free_to_change(other("data.class_names", &data.class_names, "names in tables, in class order")),
      free_to_change(number("data.workers", &data.workers, {1, 256}, "threads that prepare batches")),
  };
  append(keys, dataset_keys("data.source", data.source, "labelled images: folders or files", true));
  append(keys, dataset_keys("data.target", data.target, "unlabelled images", false));
  append(keys, dataset_keys("data.test", data.test, "images for evaluation, may be empty", true));
  return keys;
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
      number("train.foreground_share", &train.foreground_share, probability,
             "source crops with less foreground are drawn again, ten times at most"),
      free_to_change(number("train.checkpoint_every", &train.checkpoint_every, {1, 1e9}, "steps")),
      free_to_change(number("train.evaluate_every", &train.evaluate_every, steps, "steps; 0 = never")),
      free_to_change(number("train.picture_every", &train.picture_every, steps, "steps; 0 = never")),
      free_to_change(number("train.log_every", &train.log_every, {1, 1e9}, "steps")),
  };
}

Keys augment_keys(data::AugmentOptions& augment) {
  const Range pixels = {0, 1000};
  return {
      number("augment.probability", &augment.probability, probability,
             "share of crops that are augmented at all; the probabilities below are of those"),
      number("augment.flip", &augment.flip, probability, "upside down, left to right, or both"),
      number("augment.transpose", &augment.transpose, probability, "rows become columns"),
      number("augment.rotate", &augment.rotate, probability, "rotation"),
      number("augment.rotate_degrees", &augment.rotate_degrees, {0, 180}, "to both sides at most"),
      number("augment.resize", &augment.resize, probability, "change of magnification"),
      number("augment.resize_factor", &augment.resize_factor, {1, 16}, "at most, and its inverse at least"),
      number("augment.elastic", &augment.elastic, probability, "elastic deformation"),
      number("augment.elastic_affine", &augment.elastic_affine, {0, 0.9}, "largest change of a matrix entry"),
      number("augment.elastic_pixels", &augment.elastic_pixels, pixels, "largest smooth displacement"),
      number("augment.elastic_spacing", &augment.elastic_spacing, {1, 10000}, "pixels between its nodes"),
      number("augment.brightness_contrast", &augment.brightness_contrast, probability,
             "brightness and contrast"),
      number("augment.brightness", &augment.brightness, probability, "added at most, white being 1"),
      number("augment.contrast", &augment.contrast, probability, "factor 1 +- this"),
      number("augment.gamma", &augment.gamma, probability, "gamma curve"),
      number("augment.gamma_factor", &augment.gamma_factor, {1, 16},
             "largest exponent, and inverse of the least"),
      number("augment.motion_blur", &augment.motion_blur, probability, "blur along a line"),
      number("augment.motion_blur_pixels", &augment.motion_blur_pixels, {1, 99}, "its largest length"),
      number("augment.gaussian_blur", &augment.gaussian_blur, probability, "Gaussian blur"),
      number("augment.gaussian_blur_sigma", &augment.gaussian_blur_sigma, {0, 100},
             "its largest sigma, pixels"),
      number("augment.noise", &augment.noise, probability, "normal noise"),
      number("augment.noise_deviation", &augment.noise_deviation, probability,
             "its largest deviation, white being 1"),
      other("augment.target_intensities", &augment.target_intensities,
            "target crops change in intensity too; false: the teacher labels clean images"),
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
      number("uda.foreground_threshold", &uda.foreground_threshold, probability,
             "pixels with less teacher probability are background"),
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
  append(keys, augment_keys(config.augment));
  append(keys, uda_keys(config.uda));
  return keys;
}

}  // namespace masktwins
