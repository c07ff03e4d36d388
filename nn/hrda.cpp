#include "nn/hrda.h"

#include <algorithm>

#include "tensor/autograd.h"
#include "tensor/ops/add.h"
#include "tensor/ops/crop.h"
#include "tensor/ops/mul.h"
#include "tensor/ops/pad.h"
#include "tensor/ops/resize_bilinear.h"
#include "tensor/ops/scale.h"
#include "tensor/ops/sigmoid.h"
#include "tensor/random.h"

namespace masktwins::nn {
namespace {

// k · multiple with k uniform in {0, ..., (free + 1) / multiple - 1}, free = size - window.
int64_t draw_corner(int64_t free, int64_t multiple, uint32_t word) {
  const int64_t corners = std::max<int64_t>(1, (free + 1) / multiple);
  const double u = kernels::uniform01(word);
  return multiple * static_cast<int64_t>(u * static_cast<double>(corners));
}

Tensor halved(const Tensor& x) { return resize_bilinear(x, x.dim(2) / 2, x.dim(3) / 2); }
Tensor doubled(const Tensor& x) { return resize_bilinear(x, 2 * x.dim(2), 2 * x.dim(3)); }

// attention · details + (1 - attention) · context, the last two enlarged to the size of the details.
Tensor fuse(const Tensor& context, const Tensor& attention, const Tensor& details) {
  const Tensor believed_context = add(context, scale(mul(attention, context), -1));
  return add(mul(doubled(attention), details), doubled(believed_context));
}

// x inside the window, 0 outside.
Tensor keep_window(const Tensor& x, const Window& w) {
  return pad(crop(x, w.top, w.left, w.height, w.width), w.top, w.left, x.dim(2), x.dim(3));
}

Window divide(const Window& w, int64_t factor) {
  return {w.top / factor, w.left / factor, w.height / factor, w.width / factor};
}

// How many of the windows with these corners show each position of an axis.
std::vector<float> coverage(const std::vector<int64_t>& corners, int64_t window, int64_t size) {
  std::vector<float> count(static_cast<std::size_t>(size));
  for (const int64_t corner : corners) std::for_each_n(count.begin() + corner, window, [](float& n) { ++n; });
  return count;
}

// 1 / the number of windows that show a pixel, for every channel of (N, K, rows, columns).
Tensor inverse_coverage(const Shape& shape, const std::vector<float>& rows,
                        const std::vector<float>& columns) {
  Tensor share = Tensor::empty(shape);
  float* out = share.data<float>();
  for (int64_t n = 0; n < shape[0]; ++n)
    for (const float row : rows)
      for (const float column : columns) out = std::fill_n(out, shape[1], 1 / (row * column));
  return share;
}

}  // namespace

Window draw_window(int64_t height, int64_t width, int64_t side, int64_t multiple,
                   const kernels::RandomWords& words) {
  return {draw_corner(height - side, multiple, words.word[0]),
          draw_corner(width - side, multiple, words.word[1]), side, side};
}

std::vector<int64_t> half_overlapping_windows(int64_t size, int64_t window) {
  std::vector<int64_t> corners;
  for (int64_t corner = 0; corner + window < size; corner += window / 2) corners.push_back(corner);
  corners.push_back(size - window);
  return corners;
}

Hrda::Hrda(std::unique_ptr<Encoder> backbone, std::unique_ptr<DecodeHead> head,
           std::unique_ptr<DecodeHead> scale_attention, int64_t hr_crop, int64_t stride)
    : backbone_(std::move(backbone)),
      head_(std::move(head)),
      scale_attention_(std::move(scale_attention)),
      hr_crop_(hr_crop),
      stride_(stride) {
  const int64_t multiple = std::max(backbone_->size_multiple(), 2 * stride);
  require(hr_crop > 0 && hr_crop % multiple == 0, "model.hr_crop must be a multiple of ", multiple, ", got ",
          hr_crop);
  register_module("backbone", *backbone_);
  register_module("decode_head.head", *head_);
  register_module("decode_head.scale_attention", *scale_attention_);
}

void Hrda::check_size(const Tensor& images) const {
  const ImageSize size = image_size(images, "hrda");
  require(size.height % size_multiple() == 0 && size.width % size_multiple() == 0, "hrda: images are ",
          size.height, "x", size.width, ", height and width must be multiples of ", size_multiple());
}

Hrda::Context Hrda::look_at_context(const Tensor& images) {
  const std::vector<Tensor> maps = backbone_->forward(halved(images));
  return {head_->forward(maps), sigmoid(scale_attention_->forward(maps)), maps.back()};
}

Tensor Hrda::features(const Tensor& images) { return backbone_->forward(halved(images)).back(); }

SegmentationOutput Hrda::outputs(const Tensor& images) {
  check_size(images);
  const int64_t height = images.dim(2), width = images.dim(3);
  require(height >= hr_crop_ && width >= hr_crop_, "hrda: training images are ", height, "x", width,
          ", smaller than the windows of model.hr_crop = ", hr_crop_);
  const kernels::RandomWords words = kernels::philox(random_stream().next_key(), random_stream().step, 0);
  // Corners fall on whole pixels of the logits of the image at half size.
  const Window window = draw_window(height, width, hr_crop_, 2 * stride_, words);

  const Context context = look_at_context(images);
  const Tensor details =
      head_->forward(backbone_->forward(crop(images, window.top, window.left, window.height, window.width)));
  const Window in_logits = divide(window, stride_), in_context = divide(window, 2 * stride_);
  const Tensor attention = keep_window(context.attention, in_context);
  const Tensor placed = pad(details, in_logits.top, in_logits.left, height / stride_, width / stride_);
  return {.logits = fuse(context.logits, attention, placed),
          .detail_logits = details,
          .detail_window = window,
          .features = context.features};
}

Tensor Hrda::forward(const Tensor& images) {
  check_size(images);
  const NoGrad no_grad;
  const Context context = look_at_context(images);
  const Tensor logits = fuse(context.logits, context.attention, details_everywhere(images));
  return resize_bilinear(logits, images.dim(2), images.dim(3));
}

// The mean over all windows that show a pixel.
Tensor Hrda::details_everywhere(const Tensor& images) {
  const auto [batch, channels, height, width] = image_size(images, "hrda");
  const int64_t tall = std::min(height, hr_crop_), wide = std::min(width, hr_crop_);
  const std::vector<int64_t> tops = half_overlapping_windows(height, tall);
  const std::vector<int64_t> lefts = half_overlapping_windows(width, wide);
  std::vector<Window> windows;
  for (const int64_t top : tops)
    for (const int64_t left : lefts) windows.push_back({top, left, tall, wide});

  const Shape crop_shape{batch, channels, tall, wide};
  const Tensor crops = Tensor::empty({static_cast<int64_t>(windows.size()) * batch, channels, tall, wide},
                                     images.dtype(), images.device());
  for (int64_t k = 0; const Window& w : windows)
    crops.alias(crop_shape, k++ * crop_shape.numel())
        .copy_from(crop(images, w.top, w.left, w.height, w.width));
  const Tensor logits = head_->forward(backbone_->forward(crops));

  const Shape logits_shape{batch, logits.dim(1), logits.dim(2), logits.dim(3)};
  Tensor sum;
  for (int64_t k = 0; const Window& w : windows) {
    const Tensor placed = pad(logits.alias(logits_shape, k++ * logits_shape.numel()), w.top / stride_,
                              w.left / stride_, height / stride_, width / stride_);
    sum = sum.defined() ? add(sum, placed) : placed;
  }
  return mul(sum, share_of_window(sum, tops, lefts));
}

const Tensor& Hrda::share_of_window(const Tensor& logits, const std::vector<int64_t>& tops,
                                    const std::vector<int64_t>& lefts) {
  const bool kept = share_of_window_.defined() && share_of_window_.shape() == logits.shape() &&
                    share_of_window_.dtype() == logits.dtype() &&
                    share_of_window_.device() == logits.device();
  if (kept) return share_of_window_;
  const auto coverage_of = [this](std::vector<int64_t> corners, int64_t size) {
    for (int64_t& corner : corners) corner /= stride_;
    return coverage(corners, std::min(size, hr_crop_ / stride_), size);
  };
  const Tensor share =
      inverse_coverage(logits.shape(), coverage_of(tops, logits.dim(2)), coverage_of(lefts, logits.dim(3)));
  return share_of_window_ = share.to(logits.device()).to(logits.dtype());
}

}  // namespace masktwins::nn
