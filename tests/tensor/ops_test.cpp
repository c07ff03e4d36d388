// Every registered op against its double-precision reference, by finite differences, in float32, and in
// memory.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "kernels/common/parallel.h"
#include "tensor/autograd.h"
#include "tensor/op.h"
#include "tensor/random.h"
#include "tests/compare.h"
#include "tests/op_samples.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

// Sum of weights * (above - below): equal elements cancel exactly before they can add rounding errors.
double weighted_difference(const Tensor& above, const Tensor& below, const Tensor& weights) {
  double sum = 0;
  for (int64_t i = 0; i < weights.numel(); ++i)
    sum += weights.data<double>()[i] * (above.data<double>()[i] - below.data<double>()[i]);
  return sum;
}

// Large inputs, which samples use to reach several chunks of work, are probed at some elements only.
std::vector<int64_t> probed_elements(int64_t count) {
  constexpr int64_t most = 300;
  const int64_t stride = count <= most ? 1 : (count / 16) | 1;
  std::vector<int64_t> elements;
  for (int64_t i = 0; i < count; i += stride) elements.push_back(i);
  return elements;
}

Tensor finite_differences(const OpDef& op, const Sample& sample, std::size_t argument,
                          const std::vector<int64_t>& elements) {
  const NoGrad no_grad;
  Tensors inputs = make_inputs(sample, DType::float64, seed);
  const Tensor weights = loss_weights(run(op, inputs, sample.attributes)[0].shape(), DType::float64);
  Tensor slope = Tensor::empty({static_cast<int64_t>(elements.size())}, DType::float64);
  constexpr double step = 1e-5;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    double& element = inputs[argument].data<double>()[elements[i]];
    const double before = element;
    element = before + step;
    const Tensor above = run(op, inputs, sample.attributes)[0];
    element = before - step;
    const Tensor below = run(op, inputs, sample.attributes)[0];
    element = before;
    slope.data<double>()[i] = weighted_difference(above, below, weights) / (2 * step);
  }
  return slope;
}

Tensor gather(const Tensor& values, const std::vector<int64_t>& elements) {
  Tensor picked = Tensor::zeros({static_cast<int64_t>(elements.size())}, DType::float64);
  if (values.defined())  // no gradient arrived: it is zero
    for (std::size_t i = 0; i < elements.size(); ++i)
      picked.data<double>()[i] = values.data<double>()[elements[i]];
  return picked;
}

std::string describe(const OpDef& op, std::size_t sample) {
  return op.name + ", sample " + std::to_string(sample);
}

template <class Body>
void for_each_sample(Body&& body) {
  for (const auto& [name, op] : registered_ops())
    for (std::size_t i = 0; i < op.samples.size(); ++i) {
      CAPTURE(describe(op, i));
      body(op, op.samples[i]);
    }
}

}  // namespace

TEST_CASE("every op has samples, a reference, a benchmark and a formula") {
  CHECK(registered_ops().size() > 0);
  for (const auto& [name, op] : registered_ops()) {
    CAPTURE(name);
    CHECK(op.samples.size() >= 3);
    CHECK(op.benchmarks.size() >= 1);
    CHECK(static_cast<bool>(op.run));
    CHECK(static_cast<bool>(op.reference));
    CHECK(static_cast<bool>(op.work));
    CHECK(!op.formula.empty());
  }
}

TEST_CASE("results equal the double-precision reference") {
  for_each_sample([](const OpDef& op, const Sample& sample) {
    const NoGrad no_grad;
    const Tensors inputs = make_inputs(sample, DType::float64, seed);
    begin_random_step(seed, 0);
    const Tensors expected = op.reference(inputs, sample.attributes);
    for (const DType dtype : {DType::float64, DType::float32}) {
      const Tensors actual = run(op, make_inputs(sample, dtype, seed), sample.attributes);
      REQUIRE(actual.size() == expected.size());
      for (std::size_t i = 0; i < actual.size(); ++i)
        check_close(actual[i], expected[i], dtype == DType::float64 ? 1e-10 : op.tolerance,
                    op.name + " in " + name_of(dtype) + ", result " + std::to_string(i));
    }
  });
}

TEST_CASE("gradients equal finite differences in float64") {
  const int before = kernels::thread_count();
  kernels::set_thread_count(1);  // thousands of tiny calls
  for_each_sample([](const OpDef& op, const Sample& sample) {
    if (!op.has_gradient) return;
    const Tensors actual = gradients(op, sample, DType::float64);
    for (std::size_t i = 0; i < actual.size(); ++i) {
      if (!differentiable(sample.arguments[i])) continue;
      const std::vector<int64_t> elements = probed_elements(sample.arguments[i].shape.numel());
      check_close(gather(actual[i], elements), finite_differences(op, sample, i, elements), 1e-6,
                  op.name + ", gradient of input " + std::to_string(i));
    }
  });
  kernels::set_thread_count(before);
}

TEST_CASE("float32 gradients equal float64 gradients") {
  for_each_sample([](const OpDef& op, const Sample& sample) {
    if (!op.has_gradient) return;
    const Tensors low = gradients(op, sample, DType::float32), high = gradients(op, sample, DType::float64);
    for (std::size_t i = 0; i < low.size(); ++i) {
      REQUIRE(low[i].defined() == high[i].defined());
      if (low[i].defined())
        check_close(low[i], high[i], op.tolerance, op.name + ", gradient of input " + std::to_string(i));
    }
  });
}

TEST_CASE("the number of threads changes no bit") {
  const int before = kernels::thread_count();
  for_each_sample([&](const OpDef& op, const Sample& sample) {
    const auto compute = [&](int threads) {
      kernels::set_thread_count(threads);
      Tensors all = run(op, make_inputs(sample, DType::float32, seed), sample.attributes);
      if (op.has_gradient)
        for (const Tensor& gradient : gradients(op, sample, DType::float32)) all.push_back(gradient);
      return all;
    };
    const Tensors one = compute(1), three = compute(3);
    for (std::size_t i = 0; i < one.size(); ++i) {
      if (!one[i].defined()) continue;
      CAPTURE(i);
      CHECK(std::memcmp(one[i].raw_data(), three[i].raw_data(), one[i].bytes()) == 0);
    }
  });
  kernels::set_thread_count(before);
}

TEST_CASE("inputs are left untouched") {
  for_each_sample([](const OpDef& op, const Sample& sample) {
    const Tensors inputs = make_inputs(sample, DType::float32, seed);
    const Tensors copies = make_inputs(sample, DType::float32, seed);
    run(op, inputs, sample.attributes);
    for (std::size_t i = 0; i < inputs.size(); ++i)
      CHECK(std::memcmp(inputs[i].raw_data(), copies[i].raw_data(), inputs[i].bytes()) == 0);
  });
}
