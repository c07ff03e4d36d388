#include "masktwins/masked_images.h"

#include "masktwins/strong_augmentation.h"

namespace masktwins {
namespace {

Shape with_batch(Shape shape, int64_t batch) {
  shape[0] = batch;
  return shape;
}

// Image n alone, sharing memory.
Tensor image(const Tensor& batch, int64_t n) {
  const Shape one = with_batch(batch.shape(), 1);
  return batch.alias(one, n * one.numel());
}

// The first image of each in one batch.
Tensor first_of_both(const Tensor& a, const Tensor& b) {
  Tensor pair = Tensor::empty(with_batch(a.shape(), 2), b.dtype(), b.device());
  image(pair, 0).copy_from(image(a, 0));
  image(pair, 1).copy_from(image(b, 0));
  return pair;
}

MaskedImages one_of(const MaskedImages& pair, const std::string& loss, int64_t n) {
  return {loss, image(pair.images, n), image(pair.labels, n), image(pair.weights, n)};
}

}  // namespace

std::vector<MaskedImages> masked_images(const data::Batch& batch, const PseudoLabels& pseudo,
                                        const Config& config, RandomStream& random) {
  const UdaConfig& uda = config.uda;
  const auto coloured = [&](const Tensor& images) {
    return uda.mask_augment ? augment_strongly(images, config, random) : images;
  };
  if (uda.mask_image == "source")
    return {{"masked_source", coloured(batch.source_images), batch.source_labels, {}}};
  if (uda.mask_image == "target")
    return {{"masked", coloured(batch.target_images), pseudo.labels, pseudo.weights}};
  const Tensor ones =
      Tensor::full(batch.source_labels.shape(), 1, pseudo.weights.dtype(), pseudo.weights.device());
  const MaskedImages pair{"masked", coloured(first_of_both(batch.source_images, batch.target_images)),
                          first_of_both(batch.source_labels, pseudo.labels),
                          first_of_both(ones, pseudo.weights)};
  if (uda.masks == 1) return {pair};
  return {one_of(pair, "masked_source", 0), one_of(pair, "masked", 1)};
}

}  // namespace masktwins
