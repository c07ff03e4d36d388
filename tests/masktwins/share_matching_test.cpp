// Predictions whose classes are as frequent as the source's labels say, found without a label of the target.
#include "masktwins/share_matching.h"

#include <doctest/doctest.h>

#include <cmath>

#include "data/image.h"
#include "masktwins/datasets.h"
#include "masktwins/network.h"
#include "tensor/op.h"
#include "tests/data/folder.h"

using namespace masktwins;
using masktwins::tests::error_of;
using masktwins::tests::Folder;

namespace {

// Softmax of random logits that prefer the last class.
std::vector<float> biased_probabilities(int64_t classes) {
  Tensor logits = make_inputs({{{{4000, classes}}}, {}}, DType::float32, 7)[0];
  auto values = logits.to_values<float>();
  for (std::size_t i = 0; i < values.size(); i += static_cast<std::size_t>(classes)) {
    float sum = 0;
    values[i + static_cast<std::size_t>(classes) - 1] += 2;
    for (int64_t k = 0; k < classes; ++k)
      sum += values[i + static_cast<std::size_t>(k)] = std::exp(values[i + static_cast<std::size_t>(k)]);
    for (int64_t k = 0; k < classes; ++k) values[i + static_cast<std::size_t>(k)] /= sum;
  }
  return values;
}

std::vector<double> shares_with(const std::vector<float>& probabilities, const std::vector<float>& offset) {
  const std::size_t classes = offset.size();
  std::vector<double> shares(classes);
  for (std::size_t i = 0; i < probabilities.size(); i += classes) {
    std::size_t best = 0;
    for (std::size_t k = 1; k < classes; ++k)
      if (probabilities[i + k] * std::exp(offset[k]) > probabilities[i + best] * std::exp(offset[best]))
        best = k;
    shares[best] += static_cast<double>(classes) / static_cast<double>(probabilities.size());
  }
  return shares;
}

// Row y of an image is as bright as y / 16; the label marks the lower `marked` of 16 rows, and the
// first column has none.
void write_section(const Folder& folder, const std::string& set, int marked) {
  data::Image image{1, 16, 16, {}}, label = image;
  for (int y = 0; y < 16; ++y)
    for (int x = 0; x < 16; ++x) {
      image.pixels.push_back(static_cast<float>(16 * y));
      label.pixels.push_back(x == 0 ? 100.0f : y >= 16 - marked ? 255.0f : 0.0f);
    }
  data::write_png(folder / (set + "/images/a.png"), image);
  data::write_png(folder / (set + "/labels/a.png"), label);
}

Config config_for(const Folder& folder) {
  const auto path = [&](const char* name) { return (folder / name).string(); };
  return parse_config(
      "", "test",
      {"data.source.images=" + path("source/images"), "data.source.labels=" + path("source/labels"),
       "data.target.images=" + path("target/images"), "data.label_values={0=0,255=1,100=255}"});
}

// Foreground where the normalised image is brighter than a quarter: three quarters of it.
Tensor too_much_foreground(const Tensor& images) {
  Tensor logits = Tensor::zeros({images.dim(0), 2, images.dim(2), images.dim(3)});
  for (int64_t i = 0; i < images.numel(); ++i)
    logits.data<float>()[2 * i + 1] = 8 * (images.data<float>()[i] - 0.25f);
  return logits;
}

}  // namespace

TEST_CASE("an offset gives classes the shares that are wanted") {
  const auto two = biased_probabilities(2);
  CHECK(shares_with(two, {0, 0})[0] < 0.15);
  CHECK(std::abs(shares_with(two, matching_offset(two, {0.75, 0.25}))[0] - 0.75) < 2e-3);
  const auto three = biased_probabilities(3);
  const auto shares = shares_with(three, matching_offset(three, {0.2, 0.5, 0.3}));
  CHECK(std::abs(shares[0] - 0.2) < 2e-3);
  CHECK(std::abs(shares[1] - 0.5) < 2e-3);
}

TEST_CASE("a class that the source never shows keeps its logits, and without pixels nothing moves") {
  CHECK(matching_offset(biased_probabilities(3), {0.5, 0, 0.5})[1] == 0);
  CHECK(matching_offset({}, {1, 0})[1] == 0);
}

TEST_CASE(
    "pixels that share one probability cannot be parted, and the offset comes to rest between all and none") {
  std::vector<float> same;
  for (int pixel = 0; pixel < 100; ++pixel) same.insert(same.end(), {0.9f, 0.1f});
  const auto offset = matching_offset(same, {0.75, 0.25});
  CHECK(std::abs(offset[1] - offset[0] - std::log(9.0)) < 2e-2);
}

TEST_CASE("a model gets the class shares of the source on the target") {
  const Folder folder;
  write_section(folder, "source", 4);
  write_section(folder, "target", 0);  // its labels are never read
  const Config config = config_for(folder);
  const auto source = open_source(config), target = open_target(config);
  CHECK(label_shares(*source, 2, 64) == std::vector<double>{0.75, 0.25});
  std::vector<int64_t> heard;
  const auto matched =
      ShareMatching(*source, target, 2).match(too_much_foreground, {}, [&](int64_t done, int64_t total) {
        heard.push_back(done);
        CHECK(total == 1);
      });
  CHECK(heard == std::vector<int64_t>{0, 1});
  const Tensor image = data::image_tensor(*target->section(0));
  const auto foreground = [&](const SegmentationFunction& model) {
    const Tensor logits = model(image);
    int pixels = 0;
    for (int64_t i = 0; i < logits.numel(); i += 2)
      pixels += logits.data<float>()[i + 1] > logits.data<float>()[i];
    return pixels / 256.0;
  };
  CHECK(foreground(too_much_foreground) >= 0.7);
  CHECK(foreground(matched) == 0.25);
}

TEST_CASE("eval.match_shares needs to know where both domains lie") {
  Config config = parse_config("", "test", {"model.width=4", "eval.match_shares=true"});
  const auto model = build_network(config);
  CHECK(error_of([&] { prediction_function(config, *model); }).find("data.source") != std::string::npos);
}
