// How good a segmentation is. Electron microscopy is scored per section for the foreground and averaged over
// sections, as published results are; several classes are scored with one confusion matrix over all images.
// Pixels with label 255 are ignored everywhere.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace masktwins {

constexpr uint8_t ignored_label = 255;
constexpr double undefined_score = std::numeric_limits<double>::quiet_NaN();

// Area under the precision-recall curve of one image: sum over the distinct probabilities, from high to low,
// of (R_n - R_{n-1}) P_n; scikit-learn's average_precision_score, ties included. `truth` holds 0, 1 or 255;
// probabilities lie in [0, 1]. Undefined without a foreground pixel.
double average_precision(std::span<const float> probability, std::span<const uint8_t> truth);

struct ForegroundScores {
  double iou = undefined_score;  // TP / (TP + FP + FN)
  double f1 = undefined_score;   // 2 TP / (2 TP + FP + FN)
  double mcc = undefined_score;  // Matthews correlation coefficient; 0 where its denominator vanishes
  double ap = undefined_score;   // average_precision
};

// Scores of one image; a pixel is predicted foreground where its probability exceeds 0.5.
ForegroundScores foreground_scores(std::span<const float> probability, std::span<const uint8_t> truth);

// Mean of each score over the sections in which it is defined.
ForegroundScores mean_over_sections(std::span<const ForegroundScores> sections);

class ConfusionMatrix {
 public:
  explicit ConfusionMatrix(int64_t classes);
  // Counts the pixels of one image. Throws Error for a class that does not exist.
  void add(std::span<const uint8_t> prediction, std::span<const uint8_t> truth);

  int64_t classes() const { return classes_; }
  // TP / (prediction + truth - TP); undefined for a class in neither.
  double iou(int64_t label) const;
  // TP / truth; undefined for a class without labelled pixels.
  double accuracy(int64_t label) const;
  // Over the classes where they are defined.
  double mean_iou() const;
  double mean_iou(const std::vector<int64_t>& labels) const;  // of these classes
  double mean_accuracy() const;
  // Share of correct pixels; undefined without any.
  double pixel_accuracy() const;

 private:
  int64_t& count(int64_t truth, int64_t prediction);
  int64_t count(int64_t truth, int64_t prediction) const;

  int64_t classes_;
  std::vector<int64_t> counts_;  // (truth, prediction)
};

}  // namespace masktwins
