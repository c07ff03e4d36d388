#include "kernels/emulator/machine/launch.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <random>
#include <thread>

#include "kernels/emulator/machine/block.h"

namespace masktwins::emulator {
namespace {

std::vector<int64_t> shuffled_blocks(int64_t blocks, uint64_t seed) {
  std::vector<int64_t> order(static_cast<std::size_t>(blocks));
  std::iota(order.begin(), order.end(), 0);
  std::mt19937_64 random(seed);
  std::shuffle(order.begin(), order.end(), random);
  return order;
}

// Hands out blocks and keeps the launch's account of executed instructions.
class Grid {
 public:
  explicit Grid(const Launch& launch) : launch_(launch) {
    if (launch.options.seed != 0) order_ = shuffled_blocks(launch.grid.count(), launch.options.seed);
  }

  // -1 when all blocks are given out or the launch is abandoned.
  int64_t next_block() {
    const int64_t turn = next_++;
    if (turn >= launch_.grid.count() || abandoned_) return -1;
    return order_.empty() ? turn : order_[static_cast<std::size_t>(turn)];
  }
  bool spend(int64_t instructions) {
    return (spent_ += instructions) <= launch_.options.instruction_limit && !abandoned_;
  }
  bool over_limit() const { return spent_ > launch_.options.instruction_limit; }
  void abandon() { abandoned_ = true; }
  bool abandoned() const { return abandoned_; }

 private:
  const Launch& launch_;
  std::vector<int64_t> order_;
  std::atomic<int64_t> next_{0}, spent_{0};
  std::atomic<bool> abandoned_{false};
};

void run_blocks(const Launch& launch, Grid& grid, Observations& observations) {
  Block block(launch, observations);
  try {
    for (int64_t number; (number = grid.next_block()) >= 0;)
      block.run(number, [&](int64_t instructions) {
        if (!grid.spend(instructions)) throw Abandoned();
      });
  } catch (const Abandoned&) {
    grid.abandon();
  }
}

}  // namespace

Observations run(const Launch& launch) {
  Grid grid(launch);
  const int64_t wanted =
      launch.options.threads > 0 ? launch.options.threads : std::max(1u, std::thread::hardware_concurrency());
  // Blocks of a cooperative launch wait for each other, so all of them must run at once.
  const std::size_t threads = static_cast<std::size_t>(
      launch.grid_workspace != 0 ? launch.grid.count() : std::min(wanted, launch.grid.count()));
  std::vector<Observations> seen(threads);
  for (Observations& observations : seen) observations.counters.resize(launch.module.sites().size());
  std::vector<std::thread> workers;
  for (std::size_t i = 1; i < threads; ++i)
    workers.emplace_back([&, i] { run_blocks(launch, grid, seen[i]); });
  run_blocks(launch, grid, seen[0]);
  for (std::thread& worker : workers) worker.join();
  for (std::size_t i = 1; i < threads; ++i) seen[0] += seen[i];
  if (grid.over_limit()) {
    seen[0].add_defect(
        FindingKind::deadlock, launch.kernel.code.front().site, 0,
        "still running after " + std::to_string(launch.options.instruction_limit) +
            " warp instructions: an endless loop, or lanes of a warp that wait for each other");
  }
  seen[0].abandoned = grid.abandoned();
  return std::move(seen[0]);
}

}  // namespace masktwins::emulator
