// The networks of the street scenes under their names: segformer-b0 ... -b5, daformer-b0 ... -b5 and
// hrda-b0 ... -b5.
#include "nn/daformer_head.h"
#include "nn/hrda.h"
#include "nn/mit.h"
#include "nn/segformer_head.h"

namespace masktwins::nn {
namespace {

std::unique_ptr<Encoder> encoder(int64_t size, const ModelOptions& o, Initializer& init) {
  MitOptions mit = mit_options(size);
  mit.in_channels = o.in_channels;
  mit.drop_path = o.drop_path;
  mit.checkpoint_blocks = o.checkpoint_blocks;
  for (std::size_t s = 0; s < 4; ++s) {
    if (o.stage_channels[s] > 0) mit.channels[s] = o.stage_channels[s];
    if (o.stage_depths[s] > 0) mit.depths[s] = o.stage_depths[s];
  }
  return std::make_unique<MixTransformer>(mit, init);
}

int64_t head_channels(const ModelOptions& o, int64_t published) {
  return o.head_channels > 0 ? o.head_channels : published;
}

std::unique_ptr<DecodeHead> daformer_head(const Encoder& backbone, const ModelOptions& o,
                                          const std::string& fusion, Initializer& init) {
  return std::make_unique<DaformerHead>(backbone.channels(), head_channels(o, 256), o.classes, fusion,
                                        o.dropout, init);
}

std::unique_ptr<SegmentationModel> segformer(int64_t size, const ModelOptions& o) {
  Initializer init(o.seed);
  auto backbone = encoder(size, o, init);
  auto head = std::make_unique<SegformerHead>(backbone->channels(), head_channels(o, size < 2 ? 256 : 768),
                                              o.classes, o.dropout, init);
  return std::make_unique<EncoderDecoder>(std::move(backbone), std::move(head));
}

std::unique_ptr<SegmentationModel> daformer(int64_t size, const ModelOptions& o) {
  Initializer init(o.seed);
  auto backbone = encoder(size, o, init);
  auto head = daformer_head(*backbone, o, o.fusion, init);
  return std::make_unique<EncoderDecoder>(std::move(backbone), std::move(head));
}

std::unique_ptr<SegmentationModel> hrda(int64_t size, const ModelOptions& o) {
  Initializer init(o.seed);
  auto backbone = encoder(size, o, init);
  auto head = daformer_head(*backbone, o, o.fusion, init);
  auto scale_attention = daformer_head(*backbone, o, "conv1", init);
  return std::make_unique<Hrda>(std::move(backbone), std::move(head), std::move(scale_attention), o.hr_crop,
                                4);
}

struct RegisterFamily {
  RegisterFamily() {
    for (int64_t size = 0; size <= 5; ++size) {
      const std::string suffix = "-b" + std::to_string(size);
      RegisterModel("segformer" + suffix, [size](const ModelOptions& o) { return segformer(size, o); });
      RegisterModel("daformer" + suffix, [size](const ModelOptions& o) { return daformer(size, o); });
      RegisterModel("hrda" + suffix, [size](const ModelOptions& o) { return hrda(size, o); });
    }
  }
};
const RegisterFamily registered;

}  // namespace
}  // namespace masktwins::nn
