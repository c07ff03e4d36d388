#include "optim/optimizer.h"

#include <doctest/doctest.h>

#include <cmath>

#include "optim/ema.h"
#include "optim/schedule.h"
#include "tensor/autograd.h"
#include "tensor/ops/mul.h"
#include "tensor/ops/sum.h"

using namespace masktwins;
using namespace masktwins::optim;

namespace {

// Two parameters of sizes that do not fill a cache line.
struct Pair : nn::Module {
  Pair() : head(Tensor::full({3}, 1)), norm(Tensor::full({2, 2}, 2)) {
    register_parameter("head.weight", head);
    register_parameter("norm", norm);
  }
  Tensor head, norm;
};

struct HeadWithNorm : nn::Module {
  HeadWithNorm() : weight(Tensor::full({3}, 1)) {
    register_parameter("decode_head.fuse_layer.norm.weight", weight);
  }
  Tensor weight;
};

double relative_error(double actual, double expected) {
  return std::abs(actual - expected) / std::abs(expected);
}

// One parameter in double precision, as the papers write the methods.
struct PlainOptimizer {
  OptimizerOptions options;
  double p, lr, weight_decay;
  double m = 0, v = 0;
  int t = 0;

  void step(double g) {
    ++t;
    if (options.name == "adamw") p -= lr * weight_decay * p;
    else g += weight_decay * p;
    if (options.name == "sgd") {
      m = options.momentum * m + g;
      p -= lr * m;
      return;
    }
    m = options.beta1 * m + (1 - options.beta1) * g;
    v = options.beta2 * v + (1 - options.beta2) * g * g;
    const double m_hat = m / (1 - std::pow(options.beta1, t)), v_hat = v / (1 - std::pow(options.beta2, t));
    p -= lr * m_hat / (std::sqrt(v_hat) + options.eps);
  }
};

}  // namespace

TEST_CASE("the arena holds parameters and gradients side by side") {
  Pair pair;
  ParameterArena arena(pair);
  arena.allocate_gradients();
  REQUIRE(arena.segments().size() == 2);
  CHECK(arena.segments()[1].offset == 16);  // 64 bytes
  CHECK(pair.head.shares_memory_with(arena.values()));
  CHECK(pair.norm.data<float>() == arena.values().data<float>() + 16);
  CHECK(pair.norm.data<float>()[3] == 2);

  backward(sum(mul(pair.norm, pair.norm)));
  CHECK(arena.gradients().data<float>()[16] == 4);
  backward(sum(mul(pair.norm, pair.norm)));
  CHECK(arena.gradients().data<float>()[16] == 8);  // accumulated in place
  CHECK(arena.gradients().data<float>()[3] == 0);   // gaps stay zero
  arena.zero_gradients();
  CHECK(pair.norm.grad().data<float>()[0] == 0);
}

TEST_CASE("groups: the longest matching key sets learning rate and decay") {
  Pair pair;
  ParameterArena arena(pair);
  const auto sgd = build_optimizer(arena, {.name = "sgd", .momentum = 0},
                                   {{"h", 3, 0}, {"head", 10, 0}, {"norm", 1, 0.5}});
  arena.gradients().fill(1);
  sgd->step(0.01);
  CHECK(pair.head.data<float>()[0] == doctest::Approx(1 - 0.1));
  CHECK(pair.norm.data<float>()[0] == doctest::Approx(2 - 0.01 * (1 + 0.5 * 2)));
}

TEST_CASE("groups: of equally long keys the first in the alphabet") {
  for (const auto& groups : {std::vector<ParameterGroup>{{"head", 10, 0}, {"norm", 1, 0.5}},
                             std::vector<ParameterGroup>{{"norm", 1, 0.5}, {"head", 10, 0}}}) {
    HeadWithNorm network;
    ParameterArena arena(network);
    const auto sgd = build_optimizer(arena, {.name = "sgd", .momentum = 0}, groups);
    arena.gradients().fill(1);
    sgd->step(0.01);
    CHECK(network.weight.data<float>()[0] == doctest::Approx(1 - 0.1));
  }
}

TEST_CASE("unknown optimisers are named") {
  Pair pair;
  ParameterArena arena(pair);
  CHECK_THROWS_WITH_AS(build_optimizer(arena, {.name = "lion"}), doctest::Contains("adamw"), Error);
}

TEST_CASE("the first Adam update moves every parameter by the learning rate") {
  Pair pair;
  ParameterArena arena(pair);
  const auto adam = build_optimizer(arena, {.name = "adam"});
  arena.gradients().fill(-0.3);
  adam->step(0.1);
  CHECK(adam->updates() == 1);
  CHECK(pair.head.data<float>()[0] == doctest::Approx(1.1));
}

TEST_CASE("twenty updates follow the formulas in double precision") {
  for (const std::string name : {"adam", "adamw", "sgd"}) {
    CAPTURE(name);
    const OptimizerOptions options{.name = name, .weight_decay = 0.1};
    Pair pair;
    ParameterArena arena(pair);
    const auto optimizer = build_optimizer(arena, options, {{"norm", 10, 0}});
    PlainOptimizer head{options, 1, 1e-2, 0.1}, norm{options, 2, 1e-1, 0};
    for (int t = 0; t < 20; ++t) {
      const float gradient = static_cast<float>(std::sin(t + 0.3));
      arena.gradients().fill(gradient);
      optimizer->step(1e-2);
      head.step(gradient);
      norm.step(gradient);
    }
    const auto state = optimizer->state();
    CHECK(relative_error(pair.head.data<float>()[2], head.p) <= 1e-6);
    CHECK(relative_error(pair.norm.data<float>()[3], norm.p) <= 1e-6);
    CHECK(relative_error(state[0].second.data<float>()[0], head.m) <= 1e-6);
    if (state.size() > 1) CHECK(relative_error(state[1].second.data<float>()[0], head.v) <= 1e-6);
  }
}

TEST_CASE("a restored state continues bit for bit") {
  for (const std::string name : {"adamw", "sgd"}) {
    const auto train = [&](int restart) {
      Pair pair;
      ParameterArena arena(pair);
      auto optimizer = build_optimizer(arena, {.name = name});
      for (int t = 0; t < 6; ++t) {
        if (t == restart) {
          auto fresh = build_optimizer(arena, {.name = name});
          const auto from = optimizer->state(), to = fresh->state();
          for (std::size_t i = 0; i < to.size(); ++i) Tensor(to[i].second).copy_from(from[i].second);
          fresh->set_updates(optimizer->updates());
          optimizer = std::move(fresh);
        }
        arena.gradients().fill(std::sin(t + 0.3));
        optimizer->step(1e-2);
      }
      return arena.values().to_values<float>();
    };
    CHECK(train(3) == train(-1));
  }
}

TEST_CASE("learning rate of the released configuration") {
  const Schedule encoder{.name = "poly", .base = 6e-5, .iterations = 40000, .power = 1, .warmup = 1500};
  CHECK(relative_error(encoder.at(0), 6e-11) <= 1e-9);
  CHECK(relative_error(encoder.at(49), 1.958e-6) <= 3e-4);
  CHECK(relative_error(encoder.at(1500), 5.775e-5) <= 1e-9);
  CHECK(relative_error(encoder.at(20000), 3.0e-5) <= 1e-9);
  CHECK(encoder.at(40000) == 0);
  CHECK(encoder.at(50000) == 0);
}

TEST_CASE("power and constant schedules") {
  const Schedule em{.name = "poly", .base = 1e-4, .iterations = 200000, .power = 0.9};
  CHECK(relative_error(em.at(100000), 1e-4 * std::pow(0.5, 0.9)) <= 1e-9);
  const Schedule constant{.name = "constant", .base = 0.1, .warmup = 10};
  CHECK(relative_error(constant.at(5), 0.05) <= 1e-5);
  CHECK(constant.at(10) == 0.1);
  CHECK(constant.at(1000000) == 0.1);
}

TEST_CASE("the teacher's decay grows to its limit") {
  CHECK(ema_alpha(0, 0.999) == 0);
  CHECK(ema_alpha(1, 0.999) == doctest::Approx(0.5));
  CHECK(ema_alpha(2, 0.999) == doctest::Approx(2.0 / 3));
  CHECK(ema_alpha(9, 0.999) == doctest::Approx(0.9));
  CHECK(ema_alpha(998, 0.999) == doctest::Approx(0.998999).epsilon(1e-6));
  CHECK(ema_alpha(999, 0.999) == doctest::Approx(0.999));
  CHECK(ema_alpha(100000, 0.999) == 0.999);

  Pair student, teacher;
  ParameterArena from(student), to(teacher);
  student.head.fill(5);
  update_teacher(to, from, 0, 0.999);
  CHECK(teacher.head.data<float>()[2] == 5);
  student.head.fill(7);
  update_teacher(to, from, 1, 0.999);
  CHECK(teacher.head.data<float>()[2] == 6);
}

TEST_CASE("clipping limits the joint norm and leaves smaller gradients alone") {
  Pair pair;
  ParameterArena arena(pair);
  const double norm = std::sqrt(7 * 9.0);
  for (const double limit : {100.0, 1.0}) {
    CAPTURE(limit);
    const auto sgd = build_optimizer(arena, {.name = "sgd", .momentum = 0, .clip_norm = limit});
    pair.head.fill(1);
    Tensor(pair.head.grad()).fill(3);
    Tensor(pair.norm.grad()).fill(-3);
    sgd->step(0.1);
    CHECK(pair.head.data<float>()[0] ==
          doctest::Approx(1 - 0.1 * 3 * std::min(1.0, limit / norm)).epsilon(1e-6));
  }
}

TEST_CASE("no update after a loss or a gradient that is not finite") {
  Pair pair;
  ParameterArena arena(pair);
  const auto adam = build_optimizer(arena, {.clip_norm = 1});
  Tensor failure = Tensor::zeros({2}, DType::int32);
  arena.gradients().fill(INFINITY);
  adam->step(0.1, failure, 5);
  CHECK(failure.to_values<int32_t>() == std::vector<int32_t>{-1, 5});
  CHECK(pair.head.data<float>()[0] == 1);
  arena.gradients().fill(1);
  adam->step(0.1, failure, 6);
  CHECK(pair.head.data<float>()[0] == 1);
  failure.fill(0);
  adam->step(0.1, failure, 7);
  CHECK(pair.head.data<float>()[0] < 1);
}

// As torch.amp.GradScaler with a fused or capturable Adam: the skipped update leaves no trace but the scale.
TEST_CASE("an update skipped because gradients overflowed does not count for Adam") {
  const auto train = [](bool overflows) {
    Pair pair;
    ParameterArena arena(pair);
    const auto adam = build_optimizer(arena, {.name = "adamw", .weight_decay = 0.1, .loss_scaling = true});
    for (int t = 0; t < 3; ++t) {
      if (overflows) {
        arena.gradients().fill(INFINITY);
        adam->step(0.1);
      }
      arena.gradients().fill(std::sin(t + 0.3) * adam->loss_scale().item());
      adam->step(0.1);
    }
    CHECK(adam->updates() == 3);
    return arena.values().to_values<float>();
  };
  CHECK(train(true) == train(false));
}

TEST_CASE("the loss scale falls when gradients overflow and is undone in the update") {
  Pair pair;
  ParameterArena arena(pair);
  const auto sgd = build_optimizer(arena, {.name = "sgd", .momentum = 0, .loss_scaling = true});
  CHECK(sgd->loss_scale().item() == 65536);
  arena.gradients().fill(65536);
  sgd->step(0.1);
  CHECK(pair.head.data<float>()[0] == doctest::Approx(0.9));
  arena.gradients().fill(INFINITY);
  sgd->step(0.1);
  CHECK(pair.head.data<float>()[0] == doctest::Approx(0.9));
  CHECK(sgd->loss_scale().item() == 32768);
  CHECK(sgd->state().back().first == "loss_scale");
}
