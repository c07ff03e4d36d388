// Rules that concern several configuration keys at once.
#include "data/class_table.h"
#include "masktwins/classes.h"
#include "masktwins/config.h"
#include "tensor/check.h"

namespace masktwins {
namespace {

void check_label_values(const std::string& key, const std::map<int64_t, int64_t>& values, int64_t classes) {
  for (const auto& [value, label] : values)
    require(label < classes || label == 255, key, ": value ", value, " maps to class ", label,
            ", but model.classes is ", classes, "; use 0 to ", classes - 1, ", or 255 for pixels to ignore");
}

void check_set(const std::string& name, const DatasetConfig& set, int64_t classes) {
  check_label_values(name + ".label_values", set.label_values, classes);
  require((set.long_side > 0) == (set.short_side > 0) && set.long_side >= set.short_side, name,
          ".long_side and ", name, ".short_side belong together, the first not less than the second; got ",
          set.long_side, " and ", set.short_side);
  if (set.layout == "folder") {
    require(set.root.empty(), name, ".root belongs to a layout, but ", name,
            ".layout is \"folder\"; name folders with ", name, ".images");
    return;
  }
  require(set.images.empty() && set.labels.empty(), name, ".layout = \"", set.layout, "\" finds images and ",
          "labels below ", name, ".root; leave out images and labels, or use layout = \"folder\"");
  const int64_t known = data::class_table("cityscapes").size();
  require(classes == known, name, ".layout = \"", set.layout, "\" has ", known,
          " classes, but model.classes is ", classes);
}

}  // namespace

void check(const Config& config) {
  const int64_t classes = config.model.classes;
  require(config.model.in_channels != 2, "model.in_channels must be 1 or 3, got 2");
  check_label_values("data.label_values", config.data.label_values, classes);
  const int64_t other = config.data.other_label_value;
  require(other < classes || other == 255, "data.other_label_value: class ", other,
          " does not exist, model.classes is ", classes);
  for (const auto& [name, set] :
       {std::pair{"data.source", &config.data.source}, std::pair{"data.target", &config.data.target},
        std::pair{"data.test", &config.data.test}})
    check_set(name, *set, classes);
  classes_of(config);
  require(!config.train.rare_classes || config.train.foreground_share == 0,
          "train.rare_classes and train.foreground_share both choose source crops; set one of them");
  const UdaConfig& uda = config.uda;
  require(uda.blur_sigma_min <= uda.blur_sigma_max, "uda.blur_sigma_min is ", uda.blur_sigma_min,
          ", more than uda.blur_sigma_max, ", uda.blur_sigma_max);
  require(uda.feature_distance_weight == 0 || !config.model.pretrained.empty(),
          "uda.feature_distance_weight needs model.pretrained, the weights whose features are kept; without "
          "them set it "
          "to 0");
  require(uda.adain == "none" || uda.uses_pseudo_labels(),
          "uda.adain takes statistics from the teacher's look at the target, which uda.mode = \"", uda.mode,
          "\" does not need; set it to none");
  require(uda.adain == "none" || uda.adain == "stage1" || config.model.name != "unet", "uda.adain = \"",
          uda.adain, "\": the unet has no embedding before its first stage; use stage1");
  require(uda.mode != "hrda" || config.model.name.starts_with("hrda"),
          "uda.mode = \"hrda\" needs a network of the hrda family, model.name is \"", config.model.name,
          "\"; use daformer for others");
  data::check(config.augment);
  require(config.data.normalize != "imagenet" || config.model.in_channels == 3,
          "data.normalize = \"imagenet\" needs model.in_channels = 3, got ", config.model.in_channels);
}

}  // namespace masktwins
