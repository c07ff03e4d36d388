#include "tensor/autograd.h"

#include <doctest/doctest.h>

#include <cmath>

#include "kernels/common/philox.h"
#include "tensor/ops/add.h"
#include "tensor/ops/batch_norm.h"
#include "tensor/ops/instance_norm.h"
#include "tensor/ops/mul.h"
#include "tensor/ops/scale.h"
#include "tensor/ops/sum.h"
#include "tensor/random.h"

using namespace masktwins;

namespace {

Tensor leaf(std::vector<float> values) {
  const Shape shape{static_cast<int64_t>(values.size())};
  return Tensor::from_values<float>(shape, std::span<const float>(values)).set_requires_grad();
}

using Values = std::vector<float>;

// Noise that depends on the random stream, as dropout does.
Tensor times_noise(const Tensor& x) {
  const kernels::RandomKey key = random_stream().next_key();
  Tensor noise = Tensor::empty(x.shape());
  for (int64_t i = 0; i < noise.numel(); ++i)
    noise.data<float>()[i] =
        kernels::uniform01(kernels::philox(key, random_stream().step, static_cast<uint64_t>(i)).word[0]);
  return mul(x, noise);
}

std::size_t active_bytes() { return CachingAllocator::cpu().stats().active; }

}  // namespace

TEST_CASE("a tensor used several times collects the gradients of all uses") {
  const Tensor x = leaf({1, 2, -3});
  const Tensor y = mul(x, x);                // x²
  backward(sum(add(mul(y, y), add(y, x))));  // x⁴ + x² + x
  CHECK(x.grad().to_values<float>() == Values{7, 37, -113});
}

TEST_CASE("backward adds to the gradient of earlier calls") {
  const Tensor x = leaf({1, 2});
  backward(sum(mul(x, x)));
  CHECK(x.grad().to_values<float>() == Values{2, 4});
  backward(sum(scale(x, 3)));
  CHECK(x.grad().to_values<float>() == Values{5, 7});
}

TEST_CASE("backward accumulates into memory given with set_grad") {
  Tensor x = leaf({1, 2});
  const Tensor arena = Tensor::full({5}, 10);
  x.set_grad(arena.alias({2}, 1));
  backward(sum(mul(x, x)));
  CHECK(arena.to_values<float>() == Values{10, 12, 14, 10, 10});
}

TEST_CASE("a given gradient is left untouched") {
  const Tensor x = leaf({1, 2});
  const Tensor gradient = Tensor::full({2}, 3);
  backward(add(x, x), gradient);
  backward(x, gradient);
  CHECK(x.grad().to_values<float>() == Values{9, 9});
  CHECK(gradient.to_values<float>() == Values{3, 3});
}

TEST_CASE("retain_graph allows a second backward, otherwise it is an error") {
  const Tensor x = leaf({2});
  const Tensor y = mul(x, x);
  backward(y, {}, true);
  backward(y);
  CHECK(x.grad().item() == 8);
  CHECK_THROWS_WITH_AS(
      backward(y),
      "backward: the graph of op mul was already freed by an earlier backward; pass retain_graph to "
      "the earlier call",
      Error);
}

TEST_CASE("backward frees what the graph kept") {
  const std::size_t before = active_bytes();
  {
    const Tensor x = Tensor::full({1 << 18}, 2).set_requires_grad();
    const Tensor y = sum(mul(scale(x, 2), scale(x, 3)));
    CHECK(active_bytes() - before > std::size_t{3} << 20);  // x and both factors
    backward(y);
    CHECK(active_bytes() - before < std::size_t{2} * (1 << 20) + 4096);  // x and its gradient
  }
  CHECK(active_bytes() == before);
}

TEST_CASE("detach and NoGrad cut the graph") {
  const Tensor x = leaf({1, 2});
  const Tensor y = mul(x, x);
  CHECK_FALSE(y.detach().requires_grad());
  CHECK(y.detach().shares_memory_with(y));
  backward(sum(mul(y.detach(), x)));  // y counts as constant
  CHECK(x.grad().to_values<float>() == Values{1, 4});
  {
    const NoGrad no_grad;
    CHECK_FALSE(mul(x, x).requires_grad());
    const EnableGrad enable;
    CHECK(mul(x, x).requires_grad());
  }
  CHECK(mul(x, x).requires_grad());
  CHECK_FALSE(mul(Tensor::full({2}, 1), Tensor::full({2}, 1)).requires_grad());
}

TEST_CASE("backward says what is wrong") {
  const Tensor x = leaf({1, 2});
  CHECK_THROWS_WITH_AS(backward(Tensor::zeros({})),
                       "backward: the tensor does not depend on anything that requires a gradient", Error);
  CHECK_THROWS_WITH_AS(
      backward(mul(x, x)),
      "backward: a result of shape (2) needs an explicit gradient; only scalars default to 1", Error);
  CHECK_THROWS_WITH_AS(backward(mul(x, x), Tensor::zeros({3})),
                       "backward: gradient of shape (3) for the result of mul of shape (2)", Error);
  CHECK_THROWS_AS(register_hook(Tensor::zeros({2}), [](const Tensor&) { return Tensor(); }), Error);
}

TEST_CASE("hooks see the complete gradient once and may replace it") {
  const Tensor x = leaf({1, 2});
  const Tensor y = mul(x, x);
  std::vector<Values> seen_by_y, seen_by_x;
  register_hook(y, [&](const Tensor& gradient) {
    seen_by_y.push_back(gradient.to_values<float>());
    return scale(gradient, 10);
  });
  register_hook(x, [&](const Tensor& gradient) {
    seen_by_x.push_back(gradient.to_values<float>());
    return Tensor();
  });
  backward(sum(add(y, add(y, x))));  // 2 x² + x, but 10 times as much through y
  CHECK(seen_by_y == std::vector<Values>{{2, 2}});
  CHECK(seen_by_x == std::vector<Values>{{41, 81}});
  CHECK(x.grad().to_values<float>() == Values{41, 81});
}

TEST_CASE("checkpoint gives the same numbers, draws and gradients") {
  const Tensor weight_a = leaf({0.5f, -2, 3}), weight_b = leaf({0.5f, -2, 3});
  const auto block = [](const Tensor& weight) {
    return [weight](const std::vector<Tensor>& inputs) {
      return mul(times_noise(mul(inputs[0], weight)), times_noise(inputs[0]));
    };
  };
  const Tensor x_a = leaf({1, 2, 4}), x_b = leaf({1, 2, 4});

  begin_random_step(3, 5);
  const Tensor plain = times_noise(block(weight_a)({scale(x_a, 2)}));
  backward(sum(plain));
  begin_random_step(3, 5);
  const Tensor replayed = times_noise(checkpoint(block(weight_b), {scale(x_b, 2)}));
  const uint32_t site = random_stream().next_site;
  backward(sum(replayed));

  CHECK(plain.to_values<float>() == replayed.to_values<float>());
  CHECK(x_a.grad().to_values<float>() == x_b.grad().to_values<float>());
  CHECK(weight_a.grad().to_values<float>() == weight_b.grad().to_values<float>());
  CHECK(random_stream().next_site == site);
}

TEST_CASE("checkpoint keeps its inputs only") {
  const std::size_t before = active_bytes();
  const Tensor x = Tensor::full({1 << 18}, 2).set_requires_grad();
  const Tensor y = checkpoint(
      [](const std::vector<Tensor>& inputs) {
        const Tensor a = mul(inputs[0], inputs[0]), b = mul(a, a);
        return sum(mul(b, b));
      },
      {x});
  CHECK(active_bytes() - before < (std::size_t{1} << 20) + 4096);
  backward(y);
  CHECK(x.grad().data<float>()[7] == 8 * 128);  // d x⁸
}

TEST_CASE("a checkpoint updates running statistics once") {
  const Tensor x = Tensor::from_values<float>({2, 1, 1, 1}, std::vector<float>{1, 3}).set_requires_grad();
  const Tensor mean = Tensor::zeros({1}), variance = Tensor::zeros({1});
  const auto norm = [&](const std::vector<Tensor>& inputs) {
    CHECK(replaying_checkpoint() == grad_enabled());
    return batch_norm(inputs[0], {}, {}, mean, variance);
  };
  backward(checkpoint(norm, {x}), x.detach());
  CHECK_FALSE(replaying_checkpoint());
  CHECK(mean.item() == doctest::Approx(0.2));
  CHECK(variance.item() == doctest::Approx(0.2));
}

TEST_CASE("a tensor with a recipe is freed after its last use and computed again") {
  const Shape megabyte{1, 4, 256, 256};
  Tensor x = Tensor::full(megabyte, 1).set_requires_grad();
  const std::size_t before = active_bytes();
  std::vector<float> computed_again;
  for (const bool with_recipe : {true, false}) {
    Tensor h = scale(x, 2);
    h.data<float>()[1000] = 7;
    Tensor y = instance_norm(h);
    if (!with_recipe) y.autograd().recipe.reset();
    Tensor z = sum(mul(mul(y, y), y));
    h = y = Tensor();
    // mul saved y² and y; the norm saved h.
    const double megabytes = static_cast<double>(active_bytes() - before) / (1 << 20);
    CHECK(megabytes == doctest::Approx(with_recipe ? 2 : 3).epsilon(0.1));
    backward(z);
    const std::vector<float> gradient = x.grad().to_values<float>();
    x.set_grad({});
    if (with_recipe) computed_again = gradient;
    else CHECK(gradient == computed_again);
  }
}

TEST_CASE("NonFiniteGuard names the op, forward and backward") {
  const Tensor x = leaf({1e-30f, 1});
  CHECK(std::isinf(sum(scale(scale(x, 1e30), 1e30)).item()));
  const NonFiniteGuard guard;
  CHECK_THROWS_WITH_AS(mul(scale(x, 1e30), scale(x, 1e30)),
                       "op mul made the first NaN or infinity, result shape (2)", NonFiniteError);
  const Tensor tiny = leaf({1e-30f});
  const Tensor y = scale(scale(tiny, 1e30), 1e30);  // finite, but its slope is not
  CHECK_THROWS_WITH_AS(backward(y), "op scale made the first NaN or infinity, result shape (1)",
                       NonFiniteError);
}

TEST_CASE("a chain of 100000 ops overflows no stack") {
  const Tensor x = leaf({1});
  const auto chain = [&] {
    Tensor y = x;
    for (int i = 0; i < 100000; ++i) y = scale(y, 1);
    return y;
  };
  backward(chain());
  CHECK(x.grad().item() == 1);
  chain();  // dropped without a backward
}
