#include "masktwins/config_keys.h"

namespace masktwins {
namespace {

constexpr Range probability = {0, 1};
constexpr Range steps = {0, 1e9};
constexpr Range weight = {0, 1e6};
constexpr Range side = {0, 1e6};

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
      number("model.width", &model.width, {1, 512}, "unet: channels of its first stage"),
      one_of("model.norm", &model.norm, {"instance", "batch", "group"}, "unet: normalisation layers"),
      number("model.in_channels", &model.in_channels, {1, 3}, "1 grey, 3 colour"),
      number("model.classes", &model.classes, {2, 255}, "classes; 255 in a label means: ignore"),
      number("model.drop_path", &model.drop_path, {0, 0.99},
             "transformers: probability that the last block is left out in training; less before"),
      number("model.dropout", &model.dropout, {0, 0.99}, "heads: share of channels dropped in training"),
      number("model.checkpoint_blocks", &model.checkpoint_blocks, {0, 1000},
             "transformers: so many of the first blocks save memory by computing twice"),
      number("model.head_channels", &model.head_channels, {0, 4096}, "heads: width; 0 = as published"),
      one_of("model.fusion", &model.fusion, {"aspp", "dense-aspp", "conv1", "isa", "context-f4"},
             "daformer, hrda: how the head joins scales; aspp as published, the others from its ablation"),
      number("model.hr_crop", &model.hr_crop, {8, 8192}, "hrda: side of the windows at full resolution"),
      number("model.detail_weight", &model.detail_weight, probability,
             "hrda: weight of the loss of the windows alone"),
      other("model.pretrained", &model.pretrained, "file of weights to start from: an encoder or all"),
  };
}

enum class Role { labelled, target };

// Labels of the target set are never read, so its keys name none; margins are of use for it alone.
Keys dataset_keys(const std::string& name, DatasetConfig& set, const std::string& what, Role role) {
  Keys keys = {
      one_of(name + ".layout", &set.layout, {"folder", "cityscapes", "gta", "synthia", "acdc", "dark_zurich"},
             "folder: images and labels name folders; else the published folders below root"),
      free_to_change(other(name + ".root", &set.root, "folder of the data set, for a layout")),
      other(name + ".split", &set.split, "train, val or test, for layouts that have them"),
      free_to_change(other(name + ".images", &set.images, what)),
      other(name + ".image_suffix", &set.image_suffix, "only files whose name without extension ends so"),
      other(name + ".include", &set.include, "only file names that match, such as \"0001TP*\""),
      other(name + ".exclude", &set.exclude, "no file names that match"),
      number(name + ".first", &set.first, {0, 1e9}, "of what remains the sections from this one on"),
      number(name + ".count", &set.count, {0, 1e9}, "how many; 0 = all"),
      number(name + ".long_side", &set.long_side, side,
             "images are resized, keeping their ratio, until they fit; 0 = as stored"),
      number(name + ".short_side", &set.short_side, side, "the same, of the other side"),
      number(name + ".scale", &set.scale, {0.01, 16},
             "resizes this set, for example to the pixel size of another"),
  };
  if (role == Role::target) {
    const std::string margin = "pixels, of the stored image, whose pseudo-labels do not count";
    append(keys, {number(name + ".margin_top", &set.margin_top, side, margin),
                  number(name + ".margin_bottom", &set.margin_bottom, side, margin),
                  number(name + ".margin_left", &set.margin_left, side, margin),
                  number(name + ".margin_right", &set.margin_right, side, margin)});
  } else {
    append(keys, {free_to_change(other(name + ".labels", &set.labels, "their labels, same names")),
                  other(name + ".label_suffix", &set.label_suffix, "as image_suffix"),
                  number(name + ".label_values", &set.label_values, {0, 65535},
                         "as data.label_values, for this set; empty = those")});
  }
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
      one_of("data.class_table", &data.class_table, {"none", "cityscapes", "camvid"},
             "names, colours and groups of well-known classes"),
      free_to_change(other("data.class_names", &data.class_names, "names in tables, in class order")),
      free_to_change(
          other("data.class_colors", &data.class_colors, "colours in pictures, such as \"#804080\"")),
      free_to_change(number("data.workers", &data.workers, {1, 256}, "threads that prepare batches")),
      free_to_change(
          number("data.cache_mb", &data.cache_mb, {1, 1e7}, "decoded images of each set kept in memory")),
  };
  append(keys, dataset_keys("data.source", data.source, "labelled images: folders or files", Role::labelled));
  keys.push_back(free_to_change(other("data.source.statistics", &data.source.statistics,
                                      "folder of the class statistics; empty = root")));
  append(keys, dataset_keys("data.target", data.target, "unlabelled images", Role::target));
  append(keys, dataset_keys("data.test", data.test, "images for evaluation, may be empty", Role::labelled));
  return keys;
}

Keys train_keys(TrainConfig& train) {
  return {
      number("train.iterations", &train.iterations, steps, "optimiser steps"),
      number("train.batch", &train.batch, {1, 1024}, "source images per step"),
      number("train.target_batch", &train.target_batch, {0, 1024},
             "target images per step; 0 = as many as source images; the release of MaskTwins uses 1"),
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
      number("train.head_lr_factor", &train.head_lr_factor, {0, 1000},
             "learning rate of parameters with \"head\" in their name, times"),
      number("train.norm_decay_factor", &train.norm_decay_factor, {0, 1},
             "weight decay of parameters with \"norm\" in their name, and no \"head\", times"),
      one_of("train.precision", &train.precision, {"float32", "bfloat16", "float16"},
             "of the ops on CUDA that gain from 16 bits; parameters stay float32"),
      number("train.foreground_share", &train.foreground_share, probability,
             "source crops with less foreground are drawn again, ten times at most"),
      other("train.rare_classes", &train.rare_classes,
            "draw source images by rare classes; needs the files of masktwins stats"),
      number("train.rare_class_min_pixels", &train.rare_class_min_pixels, {0, 1e9},
             "an image shows a class with more pixels than this"),
      number("train.rare_class_temperature", &train.rare_class_temperature, {1e-6, 1e6},
             "the lower, the more the rarest classes prevail"),
      number("train.rare_class_min_crop_ratio", &train.rare_class_min_crop_ratio, {0, 1000},
             "a crop shows the class with more than this times min_pixels, else it is drawn again"),
      free_to_change(number("train.checkpoint_every", &train.checkpoint_every, {1, 1e9}, "steps")),
      free_to_change(number("train.evaluate_every", &train.evaluate_every, steps, "steps; 0 = never")),
      free_to_change(number("train.picture_every", &train.picture_every, steps, "steps; 0 = never")),
      free_to_change(number("train.log_every", &train.log_every, {1, 1e9}, "steps")),
  };
}

Keys eval_keys(EvalConfig& eval) {
  return {
      number("eval.window", &eval.window, {0, 16384},
             "side of the windows that large images are cut into; 0 = train.crop"),
      number("eval.stride", &eval.stride, {0, 16384}, "pixels between windows; 0 = half a window"),
      number("eval.whole_pixels", &eval.whole_pixels, {0, 1e9},
             "images of up to so many pixels, with their padding, are one window"),
      number("eval.pad_rows", &eval.pad_rows, {0, 4096},
             "reflected pixels above and below every image, before windows are cut"),
      number("eval.pad_columns", &eval.pad_columns, {0, 4096}, "the same, left and right"),
      one_of("eval.blend", &eval.blend, {"gaussian", "uniform"},
             "gaussian: probabilities, the middle of a window counts most; uniform: mean of logits"),
      one_of("eval.size", &eval.size, {"original", "scaled"},
             "scores are taken at the size of the label files, or at that of the scaled images"),
      other("eval.match_shares", &eval.match_shares,
            "shift logits until classes are as frequent on the target images as in the source's labels"),
      one_of("eval.orientations", &eval.orientations, {"one", "mirrored", "all"},
             "average the logits of the image and its mirror image, or of all eight mirrored quarter turns"),
  };
}

Keys augment_keys(std::string& preset, data::AugmentOptions& augment) {
  const Range pixels = {0, 1000};
  return {
      one_of("augment.preset", &preset, {"microscopy", "street"}, "defaults of the keys below"),
      number("augment.probability", &augment.probability, probability,
             "share of crops that are augmented at all; the probabilities below are of those"),
      number("augment.mirror", &augment.mirror, probability, "left to right"),
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
      number("augment.class_share_limit", &augment.class_share_limit, probability,
             "source crops in which one class has this share or more are placed again"),
      one_of("augment.border", &augment.border, {"mirror", "zero"},
             "what fills a crop beyond an image that is smaller"),
      other("augment.target_intensities", &augment.target_intensities,
            "target crops change in intensity too; false: the teacher labels clean images"),
  };
}

Keys uda_keys(UdaConfig& uda) {
  return {
      one_of("uda.mode", &uda.mode,
             {"masktwins", "paper", "random-twin", "mic", "dacs", "daformer", "hrda", "advent", "advseg",
              "source-only"},
             "preset for the switches below"),
      number("uda.masks", &uda.masks, {0, 16}, "masked views per image; 0 = none"),
      other("uda.complementary", &uda.complementary, "each pixel is visible in exactly one view"),
      number("uda.mask_ratio", &uda.mask_ratio, probability,
             "share of hidden patches; a list draws one per step"),
      number("uda.mask_block", &uda.mask_block, {1, 4096}, "side of the hidden patches, in pixels"),
      one_of("uda.mask_image", &uda.mask_image, {"target", "source", "both"},
             "images that are masked; both: the first source and the first target image"),
      other("uda.mask_augment", &uda.mask_augment, "colour jitter and blur before masking"),
      number("uda.mask_weight", &uda.mask_weight, weight, "weight of the loss of the masked views"),
      number("uda.cm_weight", &uda.cm_weight, weight, "weight of the consistency between the views"),
      one_of("uda.cm_loss", &uda.cm_loss, {"mse_logits", "mse_prob", "l2_prob"}, "consistency loss"),
      free_to_change(other("uda.save_memory", &uda.save_memory,
                           "compute the masked views twice instead of keeping what is inside the network")),
      other("uda.class_mix", &uda.class_mix, "train on mixtures of source and target images"),
      number("uda.feature_distance_weight", &uda.feature_distance_weight, weight,
             "weight of the distance to the features of model.pretrained where things are"),
      other("uda.feature_classes", &uda.feature_classes,
            "names of these things; those unknown to the data are skipped"),
      one_of("uda.adain", &uda.adain, {"none", "embedding", "stage1", "both"},
             "early maps of source images that get the statistics of the target's in training"),
      number("uda.entropy_weight", &uda.entropy_weight, weight,
             "weight of the entropy of target predictions"),
      number("uda.adversarial_weight", &uda.adversarial_weight, weight,
             "weight of the loss of a discriminator between source and target predictions"),
      number("uda.discriminator_lr", &uda.discriminator_lr, {0, 100}, "learning rate of the discriminator"),
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
  append(keys, eval_keys(config.eval));
  append(keys, augment_keys(config.augment_preset, config.augment));
  append(keys, uda_keys(config.uda));
  return keys;
}

}  // namespace masktwins
