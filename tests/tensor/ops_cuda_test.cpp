// Every registered op on CUDA against the double-precision reference and the CPU's gradients, in float32 and
// in 16 bits. The same tests run on the emulated device, which also reports races and stray accesses, and on
// a GPU.
#include <doctest/doctest.h>

#include <cstring>
#include <string>

#include "tensor/op.h"
#include "tests/compare.h"
#include "tests/cuda_device.h"
#include "tests/op_samples.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

// Relative to 1 + |value|, as OpDef::tolerance: a few units of the last of 8 (bfloat16) and 11 (float16)
// bits.
double tolerance(const OpDef& op, DType dtype) {
  switch (dtype) {
    case DType::bfloat16: return 3e-2;
    case DType::float16: return 4e-3;
    default: return op.tolerance;
  }
}

Tensors on_cuda(Tensors tensors) {
  for (Tensor& tensor : tensors) tensor = tensor.to(Device::cuda);
  return tensors;
}

// The sample's inputs rounded to dtype, in float64: what the device will really see.
Tensors rounded_inputs(const Sample& sample, DType dtype) {
  Tensors inputs = make_inputs(sample, dtype, seed);
  for (Tensor& input : inputs)
    if (is_floating(input.dtype())) input = input.to(DType::float64);
  return inputs;
}

template <class Body>
void for_each_sample(Body&& body) {
  for (const auto& [name, op] : registered_ops())
    for (std::size_t i = 0; i < op.samples.size(); ++i)
      for (const DType dtype : op.cuda_dtypes) {
        INFO(name, ", sample ", i, " in ", name_of(dtype));
        CudaDevice device;
        body(op, op.samples[i], dtype);
      }
}

}  // namespace

TEST_CASE("CUDA results equal the double-precision reference") {
  for_each_sample([](const OpDef& op, const Sample& sample, DType dtype) {
    const NoGrad no_grad;
    begin_random_step(seed, 0);
    const Tensors expected = op.reference(rounded_inputs(sample, dtype), sample.attributes);
    const Tensors actual = run(op, on_cuda(make_inputs(sample, dtype, seed)), sample.attributes);
    REQUIRE(actual.size() == expected.size());
    for (std::size_t i = 0; i < actual.size(); ++i) {
      CHECK(actual[i].device() == Device::cuda);
      check_close(actual[i], expected[i], tolerance(op, dtype), "result " + std::to_string(i));
    }
  });
}

// The same elements one further in memory, where 16-byte accesses are not possible.
Tensor misaligned(const Tensor& tensor) {
  Tensor moved =
      Tensor::empty({tensor.numel() + 1}, tensor.dtype(), tensor.device()).alias(tensor.shape(), 1);
  moved.copy_from(tensor);
  return moved;
}

TEST_CASE("CUDA kernels take arrays at any address") {
  for_each_sample([](const OpDef& op, const Sample& sample, DType dtype) {
    const NoGrad no_grad;
    Tensors inputs = on_cuda(make_inputs(sample, dtype, seed));
    const Tensors expected = run(op, inputs, sample.attributes);
    for (Tensor& input : inputs) input = misaligned(input);
    const Tensors actual = run(op, inputs, sample.attributes);
    for (std::size_t i = 0; i < actual.size(); ++i)
      check_close(actual[i], expected[i], tolerance(op, dtype), "result " + std::to_string(i));
  });
}

TEST_CASE("CUDA gradients equal the CPU's in float64") {
  for_each_sample([](const OpDef& op, const Sample& sample, DType dtype) {
    if (!op.has_gradient) return;
    const Tensors expected = gradients(op, sample, rounded_inputs(sample, dtype), dtype);
    const Tensors actual = gradients(op, sample, on_cuda(make_inputs(sample, dtype, seed)), dtype);
    for (std::size_t i = 0; i < actual.size(); ++i) {
      REQUIRE(actual[i].defined() == expected[i].defined());
      if (actual[i].defined())
        check_close(actual[i], expected[i], tolerance(op, dtype), "gradient of input " + std::to_string(i));
    }
  });
}

TEST_CASE("a repeated call on CUDA repeats every bit") {
  for_each_sample([](const OpDef& op, const Sample& sample, DType dtype) {
    const auto compute = [&] {
      Tensors all = run(op, on_cuda(make_inputs(sample, dtype, seed)), sample.attributes);
      if (op.has_gradient)
        for (const Tensor& gradient : gradients(op, sample, on_cuda(make_inputs(sample, dtype, seed)), dtype))
          if (gradient.defined()) all.push_back(gradient);
      for (Tensor& tensor : all) tensor = tensor.to(Device::cpu);
      return all;
    };
    const Tensors first = compute();
    const Tensors second = compute();
    for (std::size_t i = 0; i < first.size(); ++i)
      CHECK(std::memcmp(first[i].raw_data(), second[i].raw_data(), first[i].bytes()) == 0);
  });
}
