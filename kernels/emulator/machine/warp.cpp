#include "kernels/emulator/machine/warp.h"

#include <algorithm>
#include <map>
#include <thread>
#include <utility>

#include "kernels/emulator/machine/block.h"
#include "kernels/emulator/machine/frame_values.h"

namespace masktwins::emulator {
namespace {

constexpr std::size_t line_bytes = 64;
constexpr int64_t local_limit = 512 * 1024;  // bytes per thread, as on the device
constexpr std::size_t frame_limit = 4096;
constexpr std::size_t most_changes = 1024;
constexpr int patience = 64;  // of lanes that wait for a lock

}  // namespace

Warp::Warp(Block& block, int index, Mask threads) : block_(block), index_(index), threads_(threads) {}

void Warp::start(const Function& kernel) {
  live_ = threads_;
  frames_.clear();
  async_copies_.clear();
  changes_.clear();
  vain_tries_ = 0;
  for (auto& memory : local_) memory.clear();
  push_frame(kernel, threads_);
}

void Warp::push_frame(const Function& function, Mask lanes) {
  std::size_t register_base = 0;
  int64_t local_base = 0;
  if (!frames_.empty()) {
    const Frame& caller = frames_.back();
    register_base = caller.register_base + (caller.function->frame.size() + line_bytes - 1) / line_bytes;
    local_base = caller.local_base + (caller.function->local_bytes + 15) / 16 * 16;
  }
  const std::size_t lines = (function.frame.size() + line_bytes - 1) / line_bytes;
  if (register_stack_.size() < register_base + lines) register_stack_.resize(register_base + lines);
  frames_.push_back({&function, {{0, -1, lanes}}, register_base, local_base, nullptr});
  registers_ = reinterpret_cast<std::byte*>(register_stack_.data() + register_base);
  std::memcpy(registers_, function.frame.data(), function.frame.size());
  for (auto& memory : local_) memory.resize(static_cast<std::size_t>(local_base + function.local_bytes));
  fill_frame_values(function);
}

void Warp::pop_frame() {
  frames_.pop_back();
  if (frames_.empty()) return;
  const Frame& caller = frames_.back();
  registers_ = reinterpret_cast<std::byte*>(register_stack_.data() + caller.register_base);
  for (auto& memory : local_)
    memory.resize(static_cast<std::size_t>(caller.local_base + caller.function->local_bytes));
}

void Warp::fill_frame_values(const Function& function) {
  for (const FrameValue& value : function.frame_values)
    for (int lane_index = 0; lane_index < warp_size; ++lane_index) {
      const int64_t number = frame_value(value.kind, *this, lane_index) + value.addend;
      std::memcpy(lane(value.destination, lane_index), &number,
                  static_cast<std::size_t>(value.destination.width));
    }
}

void Warp::activate(Mask lanes) {
  if (lanes == active_) return;
  active_ = lanes;
  all_active_ = lanes == all_lanes;
  for (int lane = 0; lane < warp_size; ++lane)
    active_lane_[static_cast<std::size_t>(lane)] = contains(lanes, lane) ? -1 : 0;
}

Mask Warp::mask(PredicateSource predicate) const {
  const int32_t* holds = lanes(Source<int32_t>{predicate.offset});
  Mask lanes = 0;
  for (int lane = 0; lane < warp_size; ++lane) lanes |= (holds[lane] != 0 ? Mask{1} : Mask{0}) << lane;
  return predicate.negated ? ~lanes : lanes;
}

std::array<uint64_t, warp_size> Warp::addresses(const Address& address) const {
  std::array<uint64_t, warp_size> result;
  const uint64_t offset = static_cast<uint64_t>(address.offset);
  if (address.base.width == 8) {
    const uint64_t* base = lanes(Source<uint64_t>{address.base.offset});
    for (std::size_t lane = 0; lane < warp_size; ++lane) result[lane] = base[lane] + offset;
  } else {
    const uint32_t* base = lanes(Source<uint32_t>{address.base.offset});
    for (std::size_t lane = 0; lane < warp_size; ++lane)
      result[lane] = static_cast<uint32_t>(base[lane] + offset);
  }
  return result;
}

void Warp::exit(Mask lanes) {
  live_ &= ~lanes;
  for (Frame& frame : frames_)
    for (Path& path : frame.paths) path.lanes &= ~lanes;
}

void Warp::give_way() {
  gives_way_ = true;
  let_other_paths_run();
}

// Below the running path lie the ones it came from, which hold its lanes as well; then paths of other lanes
// that meet it where the two parted. These may go first.
bool Warp::let_other_paths_run() {
  auto& paths = frames_.back().paths;
  const Mask lanes = paths.back().lanes;
  std::size_t own = paths.size() - 1;
  while (own > 0 && (paths[own - 1].lanes & lanes) != 0) --own;
  std::size_t others = own;
  while (others > 0 && (paths[others - 1].lanes & lanes) == 0) --others;
  const auto at = [&](std::size_t index) { return paths.begin() + static_cast<std::ptrdiff_t>(index); };
  std::rotate(at(others), at(own), paths.end());
  return others < own;
}

// The nearest path below that holds more lanes than run above it waits for the running ones. Its other lanes
// go on by themselves until they reach the meeting point after the next.
void Warp::detach_waiting_lanes() {
  auto& paths = frames_.back().paths;
  Mask running = 0;
  for (auto path = paths.rbegin(); path != paths.rend(); ++path) {
    const Mask waiting = path->lanes & ~running;
    running |= path->lanes;
    if (path == paths.rbegin() || waiting == 0) continue;
    const Path alone{path->pc, path->reconvergence, waiting};
    path->lanes &= ~waiting;
    paths.push_back(alone);
    return;
  }
}

void Warp::note_change(uint64_t address, uint64_t value) {
  if (changes_.size() >= most_changes) changes_.clear();
  changes_[address] = value;
  vain_tries_ = 0;
}

void Warp::note_vain_try(uint64_t address, uint64_t value) {
  if (++vain_tries_ < patience) return;
  vain_tries_ = 0;
  pauses_ = true;
  std::this_thread::yield();  // another block may have the lock
  const auto own = changes_.find(address);
  const bool own_lock = own != changes_.end() && own->second == value;
  if (own_lock && !let_other_paths_run()) detach_waiting_lanes();
}

void Warp::report(FindingKind kind, int lane, const std::string& detail) {
  block_.report(kind, site_, block_.name_thread(thread(lane)) + " " + detail);
}

Warp::Stop Warp::run(int64_t& budget) {
  while (!frames_.empty()) {
    auto& paths = frames_.back().paths;
    Path& path = paths.back();
    const auto& code = frames_.back().function->code;
    if (path.lanes == 0 || path.pc == path.reconvergence) {
      paths.pop_back();
      if (paths.empty()) pop_frame();
      continue;
    }
    if (budget == 0) return Stop::time_slice;
    --budget;

    const Instruction& instruction = code[static_cast<std::size_t>(path.pc)];
    const Mask lanes = instruction.guarded ? path.lanes & mask(instruction.guard) : path.lanes;
    site_ = instruction.site;
    Counter& counter = block_.counter(site_);
    ++counter.executed;
    counter.lanes += count(lanes);
    if (const Branch* branch = std::get_if<Branch>(&instruction.form)) {
      activate(lanes);
      step_branch(*branch, path, lanes);
      continue;
    }
    ++path.pc;
    if (lanes == 0) continue;
    activate(lanes);
    if (const Action* action = std::get_if<Action>(&instruction.form)) {
      (*action)(*this);
      if (std::exchange(gives_way_, false)) return Stop::gave_way;
      if (std::exchange(pauses_, false)) return Stop::time_slice;
    } else if (const Call* call = std::get_if<Call>(&instruction.form)) {
      step_call(*call, lanes);
    } else if (const Barrier* barrier = std::get_if<Barrier>(&instruction.form)) {
      barrier_ = barrier;
      return Stop::barrier;
    } else if (std::holds_alternative<Exit>(instruction.form)) {
      exit(lanes);
    } else {
      step_return(lanes);
    }
  }
  return Stop::finished;
}

void Warp::step_branch(const Branch& branch, Path& path, Mask taken) {
  const Mask staying = path.lanes & ~taken;
  if (branch.targets.size() == 1) {
    if (staying == 0) {
      path.pc = branch.targets[0];
      return;
    }
    if (taken == 0) {
      ++path.pc;
      return;
    }
  }
  // Lanes by where they go; the rest of this path waits at the point where all meet again.
  const int next = path.pc + 1, reconvergence = branch.reconvergence;
  std::vector<Path> split;
  if (staying != 0) split.push_back({next, reconvergence, staying});
  const auto send = [&](int target, Mask lanes) {
    for (Path& other : split)
      if (other.pc == target) {
        other.lanes |= lanes;
        return;
      }
    split.push_back({target, reconvergence, lanes});
  };
  if (branch.targets.size() == 1) {
    send(branch.targets[0], taken);
  } else {
    const uint32_t* selected = lanes(branch.selector);
    for_each_lane(taken, [&](int lane) {
      // PTX leaves an index outside the table undefined; the last target keeps the run going.
      const std::size_t index = std::min<std::size_t>(selected[lane], branch.targets.size() - 1);
      send(branch.targets[index], Mask{1} << lane);
    });
  }
  if (split.size() == 1) {
    path.pc = split[0].pc;
    return;
  }
  ++block_.counter(site_).divergent;
  path.pc = reconvergence;
  auto& paths = frames_.back().paths;
  // Without a meeting point the waiting path would never run again: its lanes all live in the new ones.
  if (reconvergence < 0) path.lanes = 0;
  paths.insert(paths.end(), split.begin(), split.end());
}

const Function* Warp::callee_of(const Call& call, Mask lanes_here) {
  const uint64_t* targets = lanes(call.target);
  std::map<uint64_t, Mask> groups;
  for_each_lane(lanes_here, [&](int lane) { groups[targets[lane]] |= Mask{1} << lane; });
  if (groups.size() == 1) {
    const auto [address, lanes_of_one] = *groups.begin();
    const Function* callee = block_.launch().module.function_at(address);
    if (callee != nullptr && fits(call, *callee)) return callee;
    report(FindingKind::out_of_bounds, first(lanes_of_one), "calls through a pointer to no such function");
    throw Abandoned();
  }
  Counter& counter = block_.counter(site_);  // each group executes the call once more
  --counter.executed;
  counter.lanes -= count(lanes_here);
  ++counter.divergent;
  auto& paths = frames_.back().paths;
  const int after = paths.back().pc;
  for (const auto& [address, group] : groups) paths.push_back({after - 1, after, group});
  return nullptr;
}

void Warp::step_call(const Call& call, Mask lanes) {
  const Function* callee = call.callee != nullptr ? call.callee : callee_of(call, lanes);
  if (callee == nullptr) return;
  const int64_t caller_base = local_base();
  if (frames_.size() >= frame_limit || caller_base + callee->local_bytes > local_limit) {
    report(FindingKind::stack_overflow, first(lanes), "calls " + callee->name + " too deeply");
    throw Abandoned();
  }
  push_frame(*callee, lanes);
  for (std::size_t i = 0; i < call.arguments.size(); ++i)
    for_each_lane(lanes, [&](int lane) {
      std::byte* memory = local(lane).data();
      const Parameter& parameter = callee->parameters[i];
      std::memcpy(memory + local_base() + parameter.offset, memory + caller_base + call.arguments[i],
                  static_cast<std::size_t>(parameter.bytes));
    });
  frames_.back().call = &call;
}

void Warp::step_return(Mask lanes) {
  Frame& frame = frames_.back();
  for (Path& path : frame.paths) path.lanes &= ~lanes;
  if (frame.call == nullptr) {
    live_ &= ~lanes;
    return;
  }
  const int64_t caller_base = frames_[frames_.size() - 2].local_base;
  for (std::size_t i = 0; i < frame.call->results.size(); ++i)
    for_each_lane(lanes, [&](int lane) {
      std::byte* memory = local(lane).data();
      const Parameter& result = frame.function->results[i];
      std::memcpy(memory + caller_base + frame.call->results[i], memory + frame.local_base + result.offset,
                  static_cast<std::size_t>(result.bytes));
    });
}

}  // namespace masktwins::emulator
