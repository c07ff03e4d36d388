#include "masktwins/strong_augmentation.h"

#include "tensor/ops/color_jitter.h"
#include "tensor/ops/gaussian_blur.h"

namespace masktwins {
namespace {

double draw_uniform(RandomStream& random) {
  return static_cast<double>(kernels::uniform01(kernels::philox(random.next_key(), random.step, 0).word[0]));
}

// The affine map from what the network sees back to intensities in [0, 1].
struct Intensities {
  std::vector<double> mean, deviation;
};

Intensities intensities_of(const std::string& normalisation, int64_t channels) {
  if (normalisation == "imagenet") return {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};
  const std::size_t count = static_cast<std::size_t>(channels);
  // "standard" took each section's own statistics: three deviations to either side become [0, 1].
  if (normalisation == "standard")
    return {std::vector<double>(count, 0.5), std::vector<double>(count, 1.0 / 6)};
  return {std::vector<double>(count, 0), std::vector<double>(count, 1)};
}

}  // namespace

Tensor augment_strongly(const Tensor& images, const Config& config, RandomStream& random) {
  const UdaConfig& uda = config.uda;
  // Every call takes the same number of keys, whatever it decides.
  const bool jitters = draw_uniform(random) < uda.color_jitter_probability;
  const kernels::RandomKey jitter_key = random.next_key();
  const bool blurs = draw_uniform(random) < uda.blur_probability;
  const double sigma = uda.blur_sigma_min + (uda.blur_sigma_max - uda.blur_sigma_min) * draw_uniform(random);

  Tensor result = images;
  if (jitters && uda.color_jitter > 0) {
    const Intensities range = intensities_of(config.data.normalize, images.dim(1));
    result = color_jitter(result, draw_color_jitter(images.dim(0), uda.color_jitter, jitter_key, random.step),
                          range.mean, range.deviation);
  }
  if (blurs && sigma > 0) result = gaussian_blur(result, sigma);
  return result;
}

}  // namespace masktwins
