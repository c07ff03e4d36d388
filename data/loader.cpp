#include "data/loader.h"

#include <algorithm>

#include "kernels/common/parallel.h"
#include "tensor/check.h"

namespace masktwins::data {
namespace {

// Random sites of the loader, far from those that ops count from 0.
constexpr uint32_t source_site = 0xda7a0000u, target_site = 0xda7a0001u, rare_class_site = 0xda7a0002u;

double foreground_share(const LabelMap& labels) {
  int64_t labelled = 0, foreground = 0;
  for (const uint8_t label : labels.classes) {
    labelled += label != ignore_class;
    foreground += label != ignore_class && label != 0;
  }
  return labelled > 0 ? static_cast<double>(foreground) / static_cast<double>(labelled) : 0;
}

// Into place number `sample` of a batch (N, ...).
template <class T>
void put(const std::vector<T>& values, Tensor& batch, int64_t sample) {
  const auto count = static_cast<int64_t>(values.size());
  std::copy(values.begin(), values.end(), batch.data<T>() + sample * count);
}

void put_image(const AugmentOptions& augment, const Section& section, const Placement& placement,
               Draws& draws, Tensor& batch, int64_t sample) {
  Image image = draw_image(augment, section, placement, draws);
  apply_normalisation(section, image);
  put(image.pixels, batch, sample);
}

void check(const LoaderOptions& options) {
  require(options.batch >= 1, "data.batch: must be at least 1, got ", options.batch);
  require(options.target_batch >= 1, "data.target_batch: must be at least 1, got ", options.target_batch);
  require(options.crop >= 1 && options.crop <= 16384, "data.crop: must be in [1, 16384], got ", options.crop);
  require(options.foreground_share >= 0 && options.foreground_share <= 1,
          "data.foreground_share: must be in [0, 1], got ", options.foreground_share);
  require(options.foreground_tries >= 1, "data.foreground_tries: must be at least 1, got ",
          options.foreground_tries);
  require(options.first_step >= 0, "loader: the first step must not be negative, got ", options.first_step);
  require(options.workers >= 1 && options.workers <= 256, "data.workers: must be in [1, 256], got ",
          options.workers);
  require(options.prefetch >= 1, "data.prefetch: must be at least 1, got ", options.prefetch);
  check(options.augment);
}

// Says so if sections do not fill a crop; empty otherwise.
std::string small_sections(const Dataset& dataset, const char* role, const LoaderOptions& options) {
  const int64_t crop = options.crop;
  int64_t small = 0, example = 0;
  for (int64_t i = 0; i < dataset.size(); ++i)
    if (dataset.height(i) < crop || dataset.width(i) < crop) ++small, example = i;
  if (small == 0) return "";
  return concat_text(small, " of ", dataset.size(), " ", role, " sections are smaller than the crop of ",
                     crop, "x", crop, " pixels (", dataset.name(example), ": ", dataset.width(example), "x",
                     dataset.height(example), "); ",
                     options.augment.border == "zero" ? "the rest of the crop is filled with zeros"
                                                      : "they are mirrored at the border",
                     ", without labels there");
}

}  // namespace

Loader::Loader(std::shared_ptr<const Dataset> source, std::shared_ptr<const Dataset> target,
               const LoaderOptions& options)
    : source_(std::move(source)),
      target_(std::move(target)),
      options_(options),
      next_made_(options.first_step),
      next_given_(options.first_step) {
  check(options_);
  require(source_ != nullptr && source_->labelled(), "loader: the source set needs labels");
  require(!target_ || target_->channels() == source_->channels(), "loader: the source has ",
          source_->channels(), " channels, the target ", target_ ? target_->channels() : 0);
  for (const auto& [set, role] : {std::pair{source_, "source"}, std::pair{target_, "target"}})
    if (set)
      if (std::string notice = small_sections(*set, role, options_); !notice.empty())
        notices_.push_back(std::move(notice));
  if (options_.rare_classes)
    notices_.insert(notices_.end(), options_.rare_classes->notices().begin(),
                    options_.rare_classes->notices().end());
  for (int64_t i = 0; i < options_.workers; ++i) workers_.emplace_back([this] { work(); });
}

Loader::~Loader() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void Loader::work() {
  // The cores belong to the training step; a worker that opened a team of threads would fight it.
  kernels::set_thread_count(1);
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopping_ || next_made_ < next_given_ + options_.prefetch; });
    if (stopping_) return;
    const int64_t step = next_made_++;
    lock.unlock();
    Slot slot;
    try {
      slot.batch = batch_of(step);
    } catch (...) {
      slot.problem = std::current_exception();
    }
    lock.lock();
    ready_[step] = std::move(slot);
    changed_.notify_all();
  }
}

Batch Loader::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return ready_.contains(next_given_); });
  const auto found = ready_.find(next_given_);
  if (found->second.problem) std::rethrow_exception(found->second.problem);
  Batch batch = std::move(found->second.batch);
  ready_.erase(found);
  ++next_given_;
  changed_.notify_all();
  return batch;
}

Batch Loader::batch_of(int64_t step) const {
  const int64_t crop = options_.crop, channels = source_->channels();
  Batch batch;
  batch.step = step;
  batch.source_images = Tensor::empty({options_.batch, channels, crop, crop});
  batch.source_labels = Tensor::empty({options_.batch, crop, crop}, DType::uint8);
  for (int64_t sample = 0; sample < options_.batch; ++sample) put_source_sample(batch, sample);
  if (!target_) return batch;
  batch.target_images = Tensor::empty({options_.target_batch, channels, crop, crop});
  batch.target_weights = Tensor::empty({options_.target_batch, crop, crop});
  for (int64_t sample = 0; sample < options_.target_batch; ++sample) put_target_sample(batch, sample);
  return batch;
}

void Loader::put_source_sample(Batch& batch, int64_t sample) const {
  const auto step = static_cast<uint64_t>(batch.step);
  const RareClasses* rare = options_.rare_classes.get();
  RareClasses::Choice wanted{};
  if (rare) {
    Draws draws({options_.seed, rare_class_site}, step, static_cast<uint32_t>(sample));
    wanted = rare->draw(draws);
  }
  const auto accepted = [&](const LabelMap& labels) {
    return rare ? rare->shows(labels, wanted.label) : foreground_share(labels) >= options_.foreground_share;
  };
  const int64_t tries = rare                            ? 1 + RareClasses::new_crops
                        : options_.foreground_share > 0 ? options_.foreground_tries
                                                        : 1;
  for (int64_t attempt = 1;; ++attempt) {
    Draws draws({options_.seed, source_site}, step, static_cast<uint32_t>(sample * tries + attempt - 1));
    const auto section = source_->section(rare ? wanted.section : draws.below(source_->size()));
    const Placement placement = draw_placement(options_.augment, options_.crop, *section, draws);
    if (attempt < tries && !accepted(placement.labels)) continue;
    put_image(options_.augment, *section, placement, draws, batch.source_images, sample);
    put(placement.labels.classes, batch.source_labels, sample);
    return;
  }
}

void Loader::put_target_sample(Batch& batch, int64_t sample) const {
  Draws draws({options_.seed, target_site}, static_cast<uint64_t>(batch.step), static_cast<uint32_t>(sample));
  const auto section = target_->section(draws.below(target_->size()));
  const AugmentOptions augment =
      options_.augment.target_intensities ? options_.augment : geometry_only(options_.augment);
  const Placement placement = draw_placement(augment, options_.crop, *section, draws);
  put_image(augment, *section, placement, draws, batch.target_images, sample);
  put(crop_weights(*section, placement.warp), batch.target_weights, sample);
}

}  // namespace masktwins::data
