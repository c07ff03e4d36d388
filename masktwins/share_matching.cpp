#include "masktwins/share_matching.h"

#include <algorithm>
#include <cmath>

#include "data/section.h"
#include "kernels/common/parallel.h"

namespace masktwins {
namespace {

constexpr int64_t most_sections = 64, most_pixels = 1 << 19;
constexpr int most_steps = 500;
constexpr double least_step = 5e-4;  // of an offset

// Share of pixels in which each class is the most probable one.
std::vector<double> predicted_shares(const std::vector<float>& log_probabilities,
                                     const std::vector<float>& offset) {
  const std::size_t classes = offset.size(), pixels = log_probabilities.size() / classes;
  std::vector<double> shares(classes);
  for (std::size_t i = 0; i < pixels; ++i) {
    const float* pixel = log_probabilities.data() + i * classes;
    std::size_t best = 0;
    for (std::size_t k = 1; k < classes; ++k)
      if (pixel[k] + offset[k] > pixel[best] + offset[best]) best = k;
    ++shares[best];
  }
  for (double& share : shares) share /= static_cast<double>(std::max<std::size_t>(1, pixels));
  return shares;
}

}  // namespace

std::vector<double> label_shares(const data::Dataset& labelled, int64_t classes, int64_t most) {
  std::vector<double> shares(static_cast<std::size_t>(classes));
  double total = 0;
  for (const int64_t index : labelled.some_sections(most))
    for (const uint8_t label : labelled.stored_labels(index).classes)
      if (label < shares.size()) ++shares[label], ++total;
  for (double& share : shares) share /= std::max(1.0, total);
  return shares;
}

std::vector<float> matching_offset(const std::vector<float>& probabilities,
                                   const std::vector<double>& wanted) {
  std::vector<float> logarithms(probabilities.size());
  for (std::size_t i = 0; i < probabilities.size(); ++i)
    logarithms[i] = std::log(std::max(probabilities[i], 1e-30f));
  const double least = 1 / static_cast<double>(std::max<std::size_t>(1, probabilities.size()));
  std::vector<float> offset(wanted.size());
  // Halved whenever a class overshoots: many pixels may share one probability, and change sides together.
  std::vector<double> rate(wanted.size(), 0.5), last_error(wanted.size());
  for (int step = 0; step < most_steps; ++step) {
    const std::vector<double> given = predicted_shares(logarithms, offset);
    double longest_step = 0;
    for (std::size_t k = 0; k < wanted.size(); ++k) {
      if (wanted[k] == 0) continue;
      const double ratio = std::max(wanted[k], least) / std::max(given[k], least);
      const double error = std::log(ratio);
      longest_step = std::max(longest_step, rate[k] * std::abs(error));
      if (error * last_error[k] < 0) rate[k] /= 2;
      last_error[k] = error;
      offset[k] += static_cast<float>(rate[k] * error);
    }
    if (longest_step < least_step) break;
  }
  return offset;
}

ShareMatching::ShareMatching(const data::Dataset& source, std::shared_ptr<const data::Dataset> target,
                             int64_t classes)
    : wanted_(label_shares(source, classes, most_sections)), target_(std::move(target)) {}

SegmentationFunction ShareMatching::match(const SegmentationFunction& model, const WindowOptions& windows,
                                          const OnSection& on_section) const {
  std::vector<float> sample;
  const auto classes = static_cast<int64_t>(wanted_.size());
  const std::vector<int64_t> looked_at = target_->some_sections(most_sections);
  const auto total = static_cast<int64_t>(looked_at.size());
  const int64_t pixels_of_section = most_pixels / total;
  if (on_section) on_section(0, total);
  for (int64_t done = 0; const int64_t index : looked_at) {
    const Tensor probabilities =
        predict_probabilities(model, data::image_tensor(*target_->section(index)), windows);
    const int64_t pixels = probabilities.numel() / classes;
    const int64_t stride = kernels::ceil_div(pixels, pixels_of_section);
    for (int64_t i = 0; i < pixels; i += stride) {
      const float* pixel = probabilities.data<float>() + i * classes;
      sample.insert(sample.end(), pixel, pixel + classes);
    }
    if (on_section) on_section(++done, total);
  }
  const std::vector<float> offset = matching_offset(sample, wanted_);
  return [model, offset](const Tensor& images) {
    Tensor logits = model(images).clone();
    for (float* pixel = logits.data<float>(); pixel != logits.data<float>() + logits.numel();
         pixel += offset.size())
      for (std::size_t k = 0; k < offset.size(); ++k) pixel[k] += offset[k];
    return logits;
  };
}

}  // namespace masktwins
