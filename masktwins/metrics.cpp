#include "masktwins/metrics.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <numeric>

#include "tensor/check.h"

namespace masktwins {
namespace {

double ratio(int64_t part, int64_t whole) {
  return whole == 0 ? undefined_score : static_cast<double>(part) / static_cast<double>(whole);
}

void require_same_size(std::size_t prediction, std::size_t truth) {
  require(prediction == truth, "metrics: ", prediction, " predicted pixels for ", truth, " labels");
}

// Mean of the defined values.
class Mean {
 public:
  void add(double value) {
    if (std::isnan(value)) return;
    sum_ += value;
    ++count_;
  }
  double value() const { return count_ == 0 ? undefined_score : sum_ / static_cast<double>(count_); }

 private:
  double sum_ = 0;
  int64_t count_ = 0;
};

}  // namespace

double average_precision(std::span<const float> probability, std::span<const uint8_t> truth) {
  require_same_size(probability.size(), truth.size());
  // The bits of non-negative floats sort like the floats and leave the sign bit free: probability and label
  // fit into one integer.
  std::vector<uint32_t> pixels;
  pixels.reserve(truth.size());
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] == ignored_label) continue;
    require(probability[i] >= 0 && probability[i] <= 1, "average precision: ", probability[i],
            " is not a probability");
    pixels.push_back(std::bit_cast<uint32_t>(std::abs(probability[i])) << 1 | (truth[i] == 1));
  }
  std::sort(pixels.begin(), pixels.end(), std::greater<>());

  int64_t seen = 0, hits = 0, hits_at_last_threshold = 0;
  double area = 0;  // times the number of foreground pixels
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    ++seen;
    hits += pixels[i] & 1;
    const bool last_of_its_threshold = i + 1 == pixels.size() || pixels[i] >> 1 != pixels[i + 1] >> 1;
    if (!last_of_its_threshold) continue;
    area += static_cast<double>(hits - hits_at_last_threshold) * ratio(hits, seen);
    hits_at_last_threshold = hits;
  }
  return hits == 0 ? undefined_score : area / static_cast<double>(hits);
}

ForegroundScores foreground_scores(std::span<const float> probability, std::span<const uint8_t> truth) {
  require_same_size(probability.size(), truth.size());
  int64_t tp = 0, fp = 0, fn = 0, tn = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] == ignored_label) continue;
    const bool predicted = probability[i] > 0.5f, actual = truth[i] == 1;
    ++(predicted ? (actual ? tp : fp) : (actual ? fn : tn));
  }
  const auto d = [](int64_t n) { return static_cast<double>(n); };
  const double denominator = std::sqrt((d(tp + fp) * d(tp + fn)) * (d(tn + fp) * d(tn + fn)));
  ForegroundScores scores;
  scores.iou = ratio(tp, tp + fp + fn);
  scores.f1 = ratio(2 * tp, 2 * tp + fp + fn);
  scores.mcc = denominator == 0 ? 0 : (d(tp) * d(tn) - d(fp) * d(fn)) / denominator;
  scores.ap = average_precision(probability, truth);
  return scores;
}

ForegroundScores mean_over_sections(std::span<const ForegroundScores> sections) {
  Mean iou, f1, mcc, ap;
  for (const ForegroundScores& section : sections) {
    iou.add(section.iou);
    f1.add(section.f1);
    mcc.add(section.mcc);
    ap.add(section.ap);
  }
  return {iou.value(), f1.value(), mcc.value(), ap.value()};
}

ConfusionMatrix::ConfusionMatrix(int64_t classes)
    : classes_(classes), counts_(static_cast<std::size_t>(classes * classes)) {}

int64_t& ConfusionMatrix::count(int64_t truth, int64_t prediction) {
  return counts_[static_cast<std::size_t>(truth * classes_ + prediction)];
}

int64_t ConfusionMatrix::count(int64_t truth, int64_t prediction) const {
  return counts_[static_cast<std::size_t>(truth * classes_ + prediction)];
}

void ConfusionMatrix::add(std::span<const uint8_t> prediction, std::span<const uint8_t> truth) {
  require_same_size(prediction.size(), truth.size());
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] == ignored_label) continue;
    require(truth[i] < classes_ && prediction[i] < classes_, "metrics: class ",
            static_cast<int>(std::max(truth[i], prediction[i])), " does not exist, there are ", classes_,
            "; check data.label_values and model.classes");
    ++count(truth[i], prediction[i]);
  }
}

double ConfusionMatrix::iou(int64_t label) const {
  int64_t either = -count(label, label);
  for (int64_t other = 0; other < classes_; ++other) either += count(label, other) + count(other, label);
  return ratio(count(label, label), either);
}

double ConfusionMatrix::accuracy(int64_t label) const {
  int64_t labelled = 0;
  for (int64_t other = 0; other < classes_; ++other) labelled += count(label, other);
  return ratio(count(label, label), labelled);
}

double ConfusionMatrix::mean_iou() const {
  std::vector<int64_t> all(static_cast<std::size_t>(classes_));
  std::iota(all.begin(), all.end(), 0);
  return mean_iou(all);
}

double ConfusionMatrix::mean_iou(const std::vector<int64_t>& labels) const {
  Mean mean;
  for (const int64_t label : labels) mean.add(iou(label));
  return mean.value();
}

double ConfusionMatrix::mean_accuracy() const {
  Mean mean;
  for (int64_t label = 0; label < classes_; ++label) mean.add(accuracy(label));
  return mean.value();
}

double ConfusionMatrix::pixel_accuracy() const {
  int64_t correct = 0, all = 0;
  for (int64_t label = 0; label < classes_; ++label) correct += count(label, label);
  for (const int64_t pixels : counts_) all += pixels;
  return ratio(correct, all);
}

}  // namespace masktwins
