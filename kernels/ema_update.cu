#include "kernels/common/elementwise.cuh"
#include "kernels/ema_update.h"

namespace masktwins::kernels::cuda {
namespace {

struct Blend {
  float keep, take;
  __device__ float operator()(float average, float value) const { return keep * average + take * value; }
};

}  // namespace

void ema_update(const EmaUpdateArgs<float>& args) {
  const Blend blend{static_cast<float>(args.alpha), static_cast<float>(1 - args.alpha)};
  elementwise("ema_update", blend, args.count, args.average, args.average, args.value);
}

}  // namespace masktwins::kernels::cuda
