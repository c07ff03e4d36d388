#include "kernels/emulator/machine/barriers.h"

#include "kernels/emulator/machine/block.h"

namespace masktwins::emulator {
namespace {

// popc, and, or over the predicates of every thread that came, written back to all of them.
void combine_predicates(const std::vector<Warp*>& warps) {
  int holding = 0, threads = 0;
  for (Warp* warp : warps) {
    holding += count(warp->mask(warp->barrier().predicate) & warp->active());
    threads += count(warp->active());
  }
  for (Warp* warp : warps) {
    const Barrier& barrier = warp->barrier();
    const int32_t all = holding == threads ? -1 : 0, any = holding > 0 ? -1 : 0;
    switch (barrier.kind) {
      case Barrier::Kind::popc:
        warp->write(Destination<int32_t>{barrier.result}, [&](int) { return holding; });
        break;
      case Barrier::Kind::all:
        warp->write(PredicateDestination{barrier.result}, [&](int) { return all; });
        break;
      case Barrier::Kind::any:
        warp->write(PredicateDestination{barrier.result}, [&](int) { return any; });
        break;
      default: break;
    }
  }
}

}  // namespace

std::vector<Warp*> Barriers::arrive(Warp& warp) {
  const Barrier& barrier = warp.barrier();
  const int lane = first(warp.active());
  const uint32_t id = warp.lanes(barrier.id)[lane];
  if (id >= barriers_.size()) {
    warp.report(FindingKind::barrier_divergence, lane,
                "waits at barrier " + std::to_string(id) + ", which does not exist");
    return {&warp};
  }
  if (warp.active() != warp.live())
    warp.report(FindingKind::barrier_divergence, lane,
                "is one of only " + std::to_string(count(warp.active())) + " of the warp's " +
                    std::to_string(count(warp.live())) + " live threads that reach this barrier");
  State& state = barriers_[id];
  if (!barrier.counted && !state.arrived.empty() && state.arrived.front().site != warp.site())
    warp.report(FindingKind::barrier_divergence, lane,
                "waits here while other warps wait at another barrier");
  const bool waits = barrier.kind != Barrier::Kind::arrive;
  state.arrived.push_back({&warp, waits, warp.site()});
  state.counted = barrier.counted;
  state.expected = barrier.counted ? static_cast<int>(warp.lanes(barrier.threads)[lane])
                                   : warp.block().launch().warps() * warp_size;
  warp.block().shadow().arrive(warp.index(), static_cast<int>(id));
  if (static_cast<int>(state.arrived.size()) * warp_size >= state.expected) {
    std::vector<Warp*> released = complete(state);
    if (!waits) released.push_back(&warp);
    return released;
  }
  if (waits) return {};
  return {&warp};
}

std::vector<Warp*> Barriers::complete(State& state) {
  SharedShadow& shadow = state.arrived.front().warp->block().shadow();
  const int id = static_cast<int>(&state - barriers_.data());
  std::vector<Warp*> released;
  for (const Arrival& arrival : state.arrived) {
    if (!arrival.waits) continue;
    shadow.leave(arrival.warp->index(), id);
    released.push_back(arrival.warp);
  }
  shadow.forget(id);
  combine_predicates(released);
  state = State();
  return released;
}

std::vector<Warp*> Barriers::resolve_stall(Block& block) {
  for (State& state : barriers_) {
    if (state.arrived.empty()) continue;
    const int site = state.arrived.front().site;
    const std::string came = std::to_string(state.arrived.size()) + " warps wait here";
    if (state.counted) {
      block.report(FindingKind::deadlock, site,
                   came + " for " + std::to_string(state.expected) + " threads that never come");
      return {};
    }
    block.report(FindingKind::barrier_divergence, site,
                 came + ", but the others have left the kernel or wait at another barrier");
    return complete(state);
  }
  return {};
}

}  // namespace masktwins::emulator
