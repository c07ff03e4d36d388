#include "kernels/emulator/machine/block.h"

#include <sstream>
#include <thread>

namespace masktwins::emulator {
namespace {

constexpr int64_t long_slice = 1 << 16, longest_short_slice = 64, slice_between_waiting_blocks = 256;
constexpr int64_t most_polls_in_vain = 2000;  // per warp

}  // namespace

Block::Block(const Launch& launch, Observations& observations)
    : launch_(launch), observations_(observations), shared_(static_cast<std::size_t>(launch.shared_bytes())) {
  const int64_t threads = launch.block.count();
  for (int64_t begin = 0; begin < threads; begin += warp_size) {
    const int64_t here = std::min<int64_t>(threads - begin, warp_size);
    const Mask lanes = here == warp_size ? all_lanes : (Mask{1} << here) - 1;
    warps_.emplace_back(*this, static_cast<int>(begin / warp_size), lanes);
  }
}

void Block::start(int64_t number) {
  number_ = number;
  const int64_t width = launch_.grid.x, height = launch_.grid.y;
  index_ = {static_cast<unsigned>(number % width), static_cast<unsigned>(number / width % height),
            static_cast<unsigned>(number / (width * height))};
  // Shared memory starts with NaN patterns, so that a forgotten write shows in the results as well.
  std::fill(shared_.begin(), shared_.end(), std::byte{0xff});
  shadow_.reset(checks() ? launch_.shared_bytes() : 0, launch_.warps());  // barriers always keep its clocks
  barriers_.clear();
  memory_barriers_.clear();
  polls_in_vain_ = 0;
  random_.seed(launch_.options.seed * 0x9E3779B97F4A7C15u + static_cast<uint64_t>(number));
  turn_ = 0;
  ready_.assign(warps_.size(), true);
  for (Warp& warp : warps_) warp.start(launch_.kernel);
}

int64_t Block::time_slice() {
  if (launch_.grid_workspace != 0) return slice_between_waiting_blocks;
  if (launch_.options.seed == 0) return long_slice;
  return 1 + static_cast<int64_t>(random_() % longest_short_slice);
}

Warp* Block::next_warp() {
  const std::size_t warps = warps_.size();
  const std::size_t begin = launch_.options.seed == 0 ? turn_ : random_() % warps;
  for (std::size_t i = 0; i < warps; ++i) {
    const std::size_t candidate = (begin + i) % warps;
    if (!ready_[candidate]) continue;
    turn_ = candidate;
    return &warps_[candidate];
  }
  bool finished = true;
  for (const Warp& warp : warps_) finished = finished && warp.live() == 0;
  if (finished) return nullptr;
  const std::vector<Warp*> released = barriers_.resolve_stall(*this);
  if (released.empty()) throw Abandoned();
  for (const Warp* warp : released) ready_[static_cast<std::size_t>(warp->index())] = true;
  return released.front();
}

void Block::handle_stop(Warp& warp, Warp::Stop stop) {
  polls_in_vain_ = stop == Warp::Stop::gave_way ? polls_in_vain_ + 1 : 0;
  if (stop == Warp::Stop::gave_way) {
    turn_ = (turn_ + 1) % warps_.size();
    if (polls_in_vain_ <= most_polls_in_vain * static_cast<int64_t>(warps_.size())) return;
    report(FindingKind::deadlock, warp.site(),
           "all warps that still run wait at barriers in shared memory for arrivals that never come");
    throw Abandoned();
  }
  if (stop == Warp::Stop::time_slice) {
    turn_ = (turn_ + 1) % warps_.size();
    if (launch_.grid_workspace != 0) std::this_thread::yield();  // this warp may wait for another block
    return;
  }
  ready_[static_cast<std::size_t>(warp.index())] = false;
  if (stop == Warp::Stop::barrier)
    for (const Warp* released : barriers_.arrive(warp))
      ready_[static_cast<std::size_t>(released->index())] = true;
}

void Block::report(FindingKind kind, int site, const std::string& detail) {
  observations_.add_defect(kind, site, number_, detail);
}

std::string Block::name_thread(int thread) const {
  const int64_t width = launch_.block.x, height = launch_.block.y;
  std::ostringstream name;
  name << "thread (" << thread % width << "," << thread / width % height << "," << thread / (width * height)
       << ") of block (" << index_.x << "," << index_.y << "," << index_.z << ")";
  return name.str();
}

}  // namespace masktwins::emulator
