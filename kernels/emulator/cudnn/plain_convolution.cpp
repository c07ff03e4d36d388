#include "kernels/emulator/cudnn/plain_convolution.h"

namespace masktwins::emulator {
namespace {

std::vector<float> zeros(int64_t count) { return std::vector<float>(static_cast<std::size_t>(count)); }

}  // namespace

template <class Body>
void PlainConvolution::for_each_row(Body&& body) const {
  const int64_t outputs_per_group = weight.outputs / convolution.groups;
  for (int64_t n = 0; n < y.batch; ++n)
    for (int64_t i = 0; i < y.height; ++i)
      for (int64_t j = 0; j < y.width; ++j)
        for (int64_t u = 0; u < weight.height; ++u)
          for (int64_t v = 0; v < weight.width; ++v) {
            const int64_t row =
                i * convolution.stride_height - convolution.padding_height + u * convolution.dilation_height;
            const int64_t column =
                j * convolution.stride_width - convolution.padding_width + v * convolution.dilation_width;
            if (row < 0 || row >= x.height || column < 0 || column >= x.width) continue;
            const int64_t x_pixel = ((n * x.height + row) * x.width + column) * x.channels;
            const int64_t y_pixel = ((n * y.height + i) * y.width + j) * y.channels;
            for (int64_t o = 0; o < weight.outputs; ++o)
              body(x_pixel + o / outputs_per_group * weight.inputs, y_pixel + o,
                   ((o * weight.height + u) * weight.width + v) * weight.inputs);
          }
}

std::vector<float> PlainConvolution::forward(const std::vector<float>& x_values,
                                             const std::vector<float>& weight_values) const {
  std::vector<float> result = zeros(y.batch * y.height * y.width * y.channels);
  for_each_row([&](int64_t x_at, int64_t y_at, int64_t weight_at) {
    const float *in = x_values.data() + x_at, *filter = weight_values.data() + weight_at;
    float sum = 0;
    for (int64_t c = 0; c < weight.inputs; ++c) sum += in[c] * filter[c];
    result[static_cast<std::size_t>(y_at)] += sum;
  });
  return result;
}

std::vector<float> PlainConvolution::backward_data(const std::vector<float>& weight_values,
                                                   const std::vector<float>& dy_values) const {
  std::vector<float> result = zeros(x.batch * x.height * x.width * x.channels);
  for_each_row([&](int64_t x_at, int64_t y_at, int64_t weight_at) {
    const float *filter = weight_values.data() + weight_at, dy = dy_values[static_cast<std::size_t>(y_at)];
    float* out = result.data() + x_at;
    for (int64_t c = 0; c < weight.inputs; ++c) out[c] += dy * filter[c];
  });
  return result;
}

std::vector<float> PlainConvolution::backward_filter(const std::vector<float>& x_values,
                                                     const std::vector<float>& dy_values) const {
  std::vector<float> result = zeros(weight.outputs * weight.height * weight.width * weight.inputs);
  for_each_row([&](int64_t x_at, int64_t y_at, int64_t weight_at) {
    const float *in = x_values.data() + x_at, dy = dy_values[static_cast<std::size_t>(y_at)];
    float* out = result.data() + weight_at;
    for (int64_t c = 0; c < weight.inputs; ++c) out[c] += dy * in[c];
  });
  return result;
}

}  // namespace masktwins::emulator
