#include "data/loader.h"

#include <algorithm>

#include "kernels/common/parallel.h"
#include "tensor/check.h"

namespace masktwins::data {
namespace {

// Random sites of the loader, far from those that ops count from 0.
constexpr uint32_t source_site = 0xda7a0000u, target_site = 0xda7a0001u;

// A crop of a section drawn uniformly, normalised.
Crop draw_sample(const Dataset& dataset, const AugmentOptions& augment, int64_t size, Draws draws) {
  const std::shared_ptr<const Section> section = dataset.section(draws.below(dataset.size()));
  Crop crop = draw_crop(augment, size, *section, draws);
  apply_normalisation(*section, crop.image);
  return crop;
}

double foreground_share(const LabelMap& labels) {
  int64_t labelled = 0, foreground = 0;
  for (const uint8_t label : labels.classes) {
    labelled += label != ignore_class;
    foreground += label != ignore_class && label != 0;
  }
  return labelled > 0 ? static_cast<double>(foreground) / static_cast<double>(labelled) : 0;
}

Crop draw_source_sample(const Dataset& dataset, const LoaderOptions& options, int64_t step, int64_t sample) {
  const int64_t tries = options.foreground_share > 0 ? options.foreground_tries : 1;
  for (int64_t attempt = 0;; ++attempt) {
    const Draws draws({options.seed, source_site}, static_cast<uint64_t>(step),
                      static_cast<uint32_t>(sample * tries + attempt));
    Crop crop = draw_sample(dataset, options.augment, options.crop, draws);
    if (attempt + 1 == tries || foreground_share(crop.labels) >= options.foreground_share) return crop;
  }
}

void put_image(const Image& image, Tensor& images, int64_t sample) {
  const auto count = static_cast<int64_t>(image.pixels.size());
  std::copy(image.pixels.begin(), image.pixels.end(), images.data<float>() + sample * count);
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
std::string small_sections(const Dataset& dataset, const char* role, int64_t crop) {
  int64_t small = 0, example = 0;
  for (int64_t i = 0; i < dataset.size(); ++i)
    if (dataset.height(i) < crop || dataset.width(i) < crop) ++small, example = i;
  if (small == 0) return "";
  return concat_text(small, " of ", dataset.size(), " ", role, " sections are smaller than the crop of ",
                     crop, "x", crop, " pixels (", dataset.name(example), ": ", dataset.width(example), "x",
                     dataset.height(example), "); they are mirrored at the border, without labels there");
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
      if (std::string notice = small_sections(*set, role, options_.crop); !notice.empty())
        notices_.push_back(std::move(notice));
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
      slot.batch = make_batch(step);
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

Batch Loader::make_batch(int64_t step) const {
  const int64_t crop = options_.crop, channels = source_->channels();
  Batch batch;
  batch.step = step;
  batch.source_images = Tensor::empty({options_.batch, channels, crop, crop});
  batch.source_labels = Tensor::empty({options_.batch, crop, crop}, DType::uint8);
  for (int64_t sample = 0; sample < options_.batch; ++sample) {
    const Crop drawn = draw_source_sample(*source_, options_, step, sample);
    put_image(drawn.image, batch.source_images, sample);
    std::copy(drawn.labels.classes.begin(), drawn.labels.classes.end(),
              batch.source_labels.data<uint8_t>() + sample * crop * crop);
  }
  if (!target_) return batch;
  batch.target_images = Tensor::empty({options_.target_batch, channels, crop, crop});
  const AugmentOptions augment =
      options_.augment.target_intensities ? options_.augment : geometry_only(options_.augment);
  for (int64_t sample = 0; sample < options_.target_batch; ++sample) {
    const Draws draws({options_.seed, target_site}, static_cast<uint64_t>(step),
                      static_cast<uint32_t>(sample));
    put_image(draw_sample(*target_, augment, crop, draws).image, batch.target_images, sample);
  }
  return batch;
}

}  // namespace masktwins::data
