#include "masktwins/masked_views.h"

#include "tensor/ops/apply_mask.h"
#include "tensor/ops/block_mask.h"

namespace masktwins {
namespace {

double draw_ratio(const std::vector<double>& ratios, RandomStream& random) {
  const float u = kernels::uniform01(kernels::philox(random.next_key(), random.step, 0).word[0]);
  return ratios[static_cast<std::size_t>(u * static_cast<float>(ratios.size()))];
}

class ViewMaker {
 public:
  ViewMaker(const Tensor& images, int64_t block, RandomStream& random)
      : images_(images), block_(block), random_(random) {}

  // The view that hides a share `ratio` of the patches.
  Tensor single(double ratio) { return apply_mask(images_, draw({ratio}), 1, 1)[0]; }

  // Views that share all patches among them; the patch goes to view k if its draw lies between bounds k-1 and
  // k.
  std::vector<Tensor> partition(const std::vector<double>& bounds) {
    return apply_mask(images_, draw(bounds), static_cast<int64_t>(bounds.size()) + 1);
  }

 private:
  Tensor draw(const std::vector<double>& bounds) {
    return block_mask(images_.dim(0), images_.dim(2), images_.dim(3), block_, bounds, random_.next_key(),
                      random_.step, images_.device());
  }

  const Tensor& images_;
  int64_t block_;
  RandomStream& random_;
};

}  // namespace

std::vector<Tensor> masked_views(const Tensor& images, const UdaConfig& uda, RandomStream& random) {
  const double ratio = draw_ratio(uda.mask_ratio, random);
  ViewMaker views(images, uda.mask_block, random);
  const double count = static_cast<double>(uda.masks);
  if (uda.masks == 1) return {views.single(ratio)};
  if (uda.masks == 2) {
    if (!uda.complementary) {
      Tensor first = views.single(ratio);
      return {first, views.single(1 - ratio)};
    }
    // D = 1 where the draw exceeds r, so the view D·x is the second part.
    std::vector<Tensor> parts = views.partition({ratio});
    return {parts[1], parts[0]};
  }
  std::vector<double> bounds;
  for (int64_t k = 1; k < uda.masks; ++k) bounds.push_back(static_cast<double>(k) / count);
  if (uda.complementary) return views.partition(bounds);
  std::vector<Tensor> independent;
  for (int64_t k = 0; k < uda.masks; ++k) independent.push_back(views.single(1 - 1 / count));
  return independent;
}

}  // namespace masktwins
