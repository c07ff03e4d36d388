// Predictions on the target in which every class is as frequent as in the labels of the source. A network
// that was trained on masked or foreign images is often sure of too much foreground, or of too little,
// although it ranks pixels well; no label of the target is needed to see that. Factors on the class
// probabilities mend it, as for any classifier whose class frequencies are known to be others (Saerens,
// Latinne and Decaestecker, "Adjusting the outputs of a classifier to new a priori probabilities", Neural
// Computation 2002). It assumes that both domains show their classes equally often.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "data/dataset.h"
#include "masktwins/predict.h"

namespace masktwins {

// Share of each class among the labelled pixels of at most `most` sections, evenly spread over the set.
std::vector<double> label_shares(const data::Dataset& labelled, int64_t classes, int64_t most);

// What to add to the logarithm of each class probability, so that the share of pixels in which class k is the
// most probable one comes as near to wanted[k] as it can.
// probabilities: (pixels, K) flat, wanted: (K). Classes with a wanted share of 0 keep an offset of 0.
std::vector<float> matching_offset(const std::vector<float>& probabilities,
                                   const std::vector<double>& wanted);

// Looks at up to 64 sections of each set.
class ShareMatching {
 public:
  // Counts the labels of the source.
  ShareMatching(const data::Dataset& source, std::shared_ptr<const data::Dataset> target, int64_t classes);

  // Hears how many sections of the target have been looked at, beginning with 0.
  using OnSection = std::function<void(int64_t done, int64_t total)>;
  // The model with that offset on its logits, found by its predictions on the target.
  SegmentationFunction match(const SegmentationFunction& model, const WindowOptions& windows,
                             const OnSection& on_section = {}) const;

 private:
  std::vector<double> wanted_;
  std::shared_ptr<const data::Dataset> target_;
};

}  // namespace masktwins
