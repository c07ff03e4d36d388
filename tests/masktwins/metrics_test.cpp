// Expected numbers were computed with scikit-learn 1.9 from the same integer formulas.
#include "masktwins/metrics.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>

#include "tensor/check.h"

using namespace masktwins;

namespace {

constexpr double tolerance = 1e-9;

void check_near(double actual, double expected) {
  CAPTURE(actual);
  CAPTURE(expected);
  CHECK(std::abs(actual - expected) <= tolerance);
}

// 1000 pixels with 101 different probabilities, so nearly every threshold is shared by ten pixels.
struct Section {
  std::vector<float> probability;
  std::vector<uint8_t> uninformed, informed;
};

Section section() {
  Section result;
  for (int i = 0; i < 1000; ++i) {
    const float p = static_cast<float>(i * 37 % 101) / 101.0f;
    const bool unrelated = i * i % 7 < 3 && i % 5 != 0;
    result.probability.push_back(p);
    result.uninformed.push_back(unrelated);
    result.informed.push_back((p > 0.6f && i % 3 != 0) || unrelated);
  }
  return result;
}

}  // namespace

TEST_CASE("foreground scores equal scikit-learn's, ties included") {
  const Section s = section();
  const ForegroundScores uninformed = foreground_scores(s.probability, s.uninformed);
  check_near(uninformed.ap, 0.5661175553558176);
  check_near(uninformed.f1, 0.525328330206379);
  check_near(uninformed.mcc, -0.010688842742116332);
  check_near(uninformed.iou, 0.356234096692112);
  const ForegroundScores informed = foreground_scores(s.probability, s.informed);
  check_near(informed.ap, 0.7879837019127662);
  check_near(informed.f1, 0.6644010195412065);
  check_near(informed.mcc, 0.2293868629563144);
  check_near(informed.iou, 0.49745547073791346);
}

TEST_CASE("ignored pixels change no score") {
  Section s = section();
  const ForegroundScores before = foreground_scores(s.probability, s.informed);
  for (int i = 0; i < 50; ++i) {
    s.probability.push_back(static_cast<float>(i) / 50);
    s.informed.push_back(ignored_label);
  }
  const ForegroundScores after = foreground_scores(s.probability, s.informed);
  check_near(after.ap, before.ap);
  check_near(after.f1, before.f1);
  check_near(after.mcc, before.mcc);
  check_near(after.iou, before.iou);
}

TEST_CASE("perfect, inverted and empty sections") {
  const std::vector<float> p = {0.9f, 0.8f, 0.1f, 0.0f};
  const std::vector<uint8_t> same = {1, 1, 0, 0}, inverted = {0, 0, 1, 1}, none = {0, 0, 0, 0};
  const ForegroundScores perfect = foreground_scores(p, same);
  check_near(perfect.iou, 1);
  check_near(perfect.f1, 1);
  check_near(perfect.mcc, 1);
  check_near(perfect.ap, 1);
  check_near(foreground_scores(p, inverted).mcc, -1);
  check_near(foreground_scores(p, inverted).iou, 0);
  check_near(average_precision(p, inverted), 0.5 / 3 + 0.25);
  CHECK(std::isnan(foreground_scores(p, none).ap));
  check_near(foreground_scores(p, none).iou, 0);
  CHECK(std::isnan(foreground_scores(std::vector<float>{0, 0}, std::vector<uint8_t>{0, 0}).iou));
  CHECK(std::isnan(average_precision({}, {})));
}

TEST_CASE("bad input is an error") {
  const std::vector<float> p = {0.5f, NAN};
  const std::vector<uint8_t> two = {0, 1}, one = {0};
  CHECK_THROWS_AS(average_precision(p, two), Error);
  CHECK_THROWS_AS(foreground_scores(p, one), Error);
  ConfusionMatrix confusion(2);
  CHECK_THROWS_AS(confusion.add(one, std::vector<uint8_t>{2}), Error);
  CHECK_THROWS_AS(confusion.add(std::vector<uint8_t>{2}, one), Error);
}

TEST_CASE("sections count equally, whatever their size, and undefined scores are skipped") {
  const std::array<ForegroundScores, 3> sections = {ForegroundScores{0.5, 0.6, 0.1, 0.9},
                                                    ForegroundScores{1.0, 1.0, 0.3, undefined_score},
                                                    ForegroundScores{0.0, 0.2, 0.2, 0.5}};
  const ForegroundScores mean = mean_over_sections(sections);
  check_near(mean.iou, 0.5);
  check_near(mean.f1, 0.6);
  check_near(mean.mcc, 0.2);
  check_near(mean.ap, 0.7);
  CHECK(std::isnan(mean_over_sections({}).iou));
}

TEST_CASE("confusion matrix equals scikit-learn's scores") {
  ConfusionMatrix confusion(4);
  std::vector<uint8_t> prediction, truth;
  for (int i = 0; i < 1000; ++i) {
    prediction.push_back(static_cast<uint8_t>(i * 7 % 4));
    truth.push_back(i % 3 == 0 ? prediction.back() : static_cast<uint8_t>(i * i % 4));
  }
  const std::span<const uint8_t> p = prediction, t = truth;
  confusion.add(p.first(400), t.first(400));
  confusion.add(p.subspan(400), t.subspan(400));
  check_near(confusion.iou(0), 0.5995203836930456);
  check_near(confusion.iou(1), 0.5995203836930456);
  check_near(confusion.iou(2), 0.332);
  check_near(confusion.iou(3), 0.332);
  check_near(confusion.mean_iou(), (2 * 0.5995203836930456 + 2 * 0.332) / 4);
  check_near(confusion.pixel_accuracy(), 0.666);
}

TEST_CASE("a class absent everywhere is skipped, a missed or invented one is not") {
  // Two classes of four occur: 6 pixels of class 0 (4 found), 2 of class 1 (both found, 2 invented).
  const std::vector<uint8_t> truth = {0, 0, 0, 0, 0, 0, 1, 1, ignored_label};
  const std::vector<uint8_t> prediction = {0, 0, 0, 0, 1, 1, 1, 1, 3};
  ConfusionMatrix confusion(4);
  confusion.add(prediction, truth);
  check_near(confusion.iou(0), 4.0 / 6);
  check_near(confusion.iou(1), 2.0 / 4);
  CHECK(std::isnan(confusion.iou(2)));
  CHECK(std::isnan(confusion.iou(3)));
  check_near(confusion.mean_iou(), (4.0 / 6 + 2.0 / 4) / 2);
  confusion.add(std::vector<uint8_t>{2}, std::vector<uint8_t>{0});
  check_near(confusion.iou(2), 0);
  CHECK(std::isnan(ConfusionMatrix(3).mean_iou()));
  CHECK(std::isnan(ConfusionMatrix(3).pixel_accuracy()));
}
