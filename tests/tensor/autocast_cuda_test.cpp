// What OpDef::autocast says is what the ops do.
#include <doctest/doctest.h>

#include "tensor/autocast.h"
#include "tensor/op.h"
#include "tests/cuda_device.h"

using namespace masktwins;

TEST_CASE("under autocast every op that gains from 16 bits computes in them, whatever it is given") {
  const tests::CudaDevice device;
  int checked = 0;
  for (const auto& [name, op] : registered_ops()) {
    if (op.autocast != Autocast::low_precision) continue;
    CAPTURE(name);
    Tensors inputs;
    for (const Tensor& input : make_inputs(op.samples.front(), DType::float32, 1))
      inputs.push_back(input.to(Device::cuda));
    const AutocastScope autocast(DType::bfloat16);
    CHECK(op.run(inputs, op.samples.front().attributes)[0].dtype() == DType::bfloat16);
    ++checked;
  }
  CHECK(checked >= 5);  // both convolutions, the depthwise one, linear, attention
}
