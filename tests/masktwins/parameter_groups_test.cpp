#include "masktwins/parameter_groups.h"

#include <doctest/doctest.h>

#include <cmath>

#include "optim/schedule.h"
#include "tests/data/folder.h"

using namespace masktwins;
using masktwins::tests::error_of;

namespace {

// The names of a SegFormer in short; every parameter is one number, 1.
struct Network : nn::Module {
  Network() {
    register_parameter("backbone.block1.0.norm1.weight", encoder_norm);
    register_parameter("backbone.block1.0.attn.q.weight", encoder);
    register_parameter("decode_head.fuse_layer.norm.weight", head_norm);
    register_parameter("decode_head.conv_seg.bias", head);
  }
  Tensor encoder_norm = Tensor::full({1}, 1), encoder = encoder_norm.clone(),
         head_norm = encoder_norm.clone(), head = encoder_norm.clone();
};

struct Plain : nn::Module {
  Plain() { register_parameter("inc.weight", weight); }
  Tensor weight = Tensor::full({1}, 1);
};

}  // namespace

TEST_CASE("head ten times the rate, the encoder's norms without decay: the published AdamW") {
  Network network;
  optim::ParameterArena arena(network);
  const Config config = parse_config(
      "", "test",
      {"train.head_lr_factor=10", "train.norm_decay_factor=0", "train.lr=6e-5", "train.optimizer=adamw",
       "train.weight_decay=0.01", "train.iterations=40000", "train.power=1", "train.warmup=1500"});
  const TrainConfig& train = config.train;
  const auto adamw = optim::build_optimizer(arena, {.name = "adamw", .weight_decay = train.weight_decay},
                                            parameter_groups(train, arena));
  const optim::Schedule schedule{.name = train.schedule,
                                 .base = train.lr,
                                 .iterations = train.iterations,
                                 .power = train.power,
                                 .warmup = train.warmup};
  arena.gradients().fill(1);
  const double rate = schedule.at(1500);
  CHECK(std::abs(rate / 5.775e-5 - 1) < 1e-9);
  adamw->step(rate);
  // The first step of Adam moves by the learning rate; decay takes rate * 0.01 of the parameter.
  const auto moved = [](const Tensor& x) { return 1 - double{x.data<float>()[0]}; };
  CHECK(std::abs(moved(network.encoder_norm) - rate) < 1e-7);
  CHECK(std::abs(moved(network.encoder) - rate * 1.01) < 1e-7);
  CHECK(std::abs(moved(network.head_norm) - 10 * rate * 1.01) < 1e-7);
  CHECK(std::abs(moved(network.head) - 10 * rate * 1.01) < 1e-7);
}

TEST_CASE("a factor for parameters that the network does not have is an error") {
  Plain network;
  const optim::ParameterArena arena(network);
  TrainConfig train;
  CHECK(error_of([&] { parameter_groups(train, arena); }).empty());
  train.head_lr_factor = 10;
  CHECK(error_of([&] { parameter_groups(train, arena); }).starts_with("train.head_lr_factor = 10, but"));
  train.head_lr_factor = 1;
  train.norm_decay_factor = 0;
  CHECK(error_of([&] { parameter_groups(train, arena); }).starts_with("train.norm_decay_factor = 0, but"));
}
