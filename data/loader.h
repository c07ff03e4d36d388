// Batches for training, made ahead of time by worker threads. The batch of step s depends on (seed, s, the
// datasets, the options) alone, so that a run can be resumed at any step and the number of workers changes
// nothing.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "data/augment.h"
#include "data/dataset.h"
#include "data/rare_classes.h"
#include "tensor/tensor.h"

namespace masktwins::data {

struct LoaderOptions {
  uint32_t seed = 0;
  int64_t batch = 2;         // source images per step
  int64_t target_batch = 2;  // target images per step
  int64_t crop = 512;        // side of the square crops, pixels
  AugmentOptions augment;
  // A source crop with less than this share of its labelled pixels in classes above 0 is drawn again, up to
  // `foreground_tries` times in all; the last is taken as it is. 0: every crop is taken.
  double foreground_share = 0;
  int64_t foreground_tries = 10;
  // Source sections and crops are drawn by rare classes instead; null: uniformly.
  std::shared_ptr<const RareClasses> rare_classes;
  int64_t first_step = 0;  // step of the first batch, for resuming
  int64_t workers = 1;
  int64_t prefetch = 2;  // batches kept ready
};

struct Batch {
  int64_t step = 0;
  Tensor source_images;  // float32 (batch, C, crop, crop), normalised
  Tensor source_labels;  // uint8 (batch, crop, crop), 255 = ignore
  Tensor target_images;  // float32 (target_batch, C, crop, crop); undefined without a target set
  // float32 (target_batch, crop, crop): 0 in the margins of the set and beyond borders that are not mirrored,
  // else 1. What the network says there teaches nothing.
  Tensor target_weights{};
};

class Loader {
 public:
  // `target` may be null. Error if the source has no labels or an option makes no sense.
  Loader(std::shared_ptr<const Dataset> source, std::shared_ptr<const Dataset> target,
         const LoaderOptions& options);
  // Stops at once, whatever the workers do.
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // The batch of the next step. Rethrows what a worker met when it made this batch, and again when called
  // once more.
  Batch next();

  // The batch of any step, made now.
  Batch batch_of(int64_t step) const;

  // Lines that a person should read once, for example that sections are smaller than the crop.
  const std::vector<std::string>& notices() const { return notices_; }

 private:
  struct Slot {
    Batch batch;
    std::exception_ptr problem;
  };

  void work();
  void put_source_sample(Batch& batch, int64_t sample) const;
  void put_target_sample(Batch& batch, int64_t sample) const;

  std::shared_ptr<const Dataset> source_, target_;
  LoaderOptions options_;
  std::vector<std::string> notices_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int64_t, Slot> ready_;  // by step
  int64_t next_made_, next_given_;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace masktwins::data
