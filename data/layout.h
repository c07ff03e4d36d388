// The official folders of street-scene data sets, the suffixes of their files, and what their label values
// mean as the 19 classes of Cityscapes.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace masktwins::data {

//   cityscapes    leftImg8bit/SPLIT/CITY/*_leftImg8bit.png, gtFine/SPLIT/CITY/*_gtFine_labelIds.png
//   gta           images/*.png, labels/*.png: palette PNGs whose index is the label id of Cityscapes
//   synthia       RGB/*.png, GT/LABELS/*.png: RGB of 16 bits, red is the class, green the instance
//   acdc          rgb_anon/CONDITION/SPLIT/SEQUENCE/*_rgb_anon.png, gt/.../*_gt_labelIds.png
//   dark_zurich   rgb_anon/SPLIT/night/SEQUENCE/*_rgb_anon.png, gt/.../*_gt_labelIds.png
// Of the last two also rgb_anon/SPLIT and gt/SPLIT, as DAFormer and MIC arrange them. Where label files of
// classes exist (*_labelTrainIds.png, see convert_labels) these are read, else the raw ones.
const std::vector<std::string>& layout_names();

enum class LabelFiles { none, raw, converted_if_there };

// Sets images, labels, suffixes and the meaning of label values in `options` for the data set below `root`.
// `split` is train, val or test (gta and synthia have none). Error if the folders are not there.
void apply_layout(const std::string& layout, const std::filesystem::path& root, const std::string& split,
                  LabelFiles labels, DatasetOptions& options);

// Writes *_labelTrainIds.png, grey with the class as value, beside every raw label file, as the official
// conversion scripts do; files that are already there are kept. Calls on_file(done, of) after each. Returns
// the number of files written.
int64_t convert_labels(const std::string& layout, const std::filesystem::path& root, const std::string& split,
                       const std::function<void(int64_t done, int64_t of)>& on_file = {});

}  // namespace masktwins::data
