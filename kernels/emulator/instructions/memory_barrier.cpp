// mbarrier: barriers in shared memory (PTX ISA, "Parallel Synchronization and Communication Instructions:
// mbarrier"). Those that count bytes of bulk copies (expect_tx) belong to later architectures.
#include "kernels/emulator/instructions/memory_barrier.h"

#include "kernels/emulator/machine/block.h"

namespace masktwins::emulator {
namespace {

struct BarrierAddress {
  Space space = Space::generic;
  Address address;

  Location of(const std::array<uint64_t, warp_size>& addresses, int lane) const {
    return resolve(space, addresses[static_cast<std::size_t>(lane)]);
  }
};

BarrierAddress barrier_address(Decoder& decode, std::size_t index) {
  BarrierAddress barrier;
  barrier.space = decode.space();
  decode.ignore({"acquire", "release", "relaxed", "cta", "cluster"});
  if (decode.type() != Type::b64) decode.unsupported("a barrier has type b64");
  barrier.address = decode.address(index, barrier.space);
  return barrier;
}

// body(barriers of the block, lane, where its barrier is)
template <class Body>
void for_each_barrier(Warp& warp, const BarrierAddress& barrier, Body&& body) {
  const auto addresses = warp.addresses(barrier.address);
  for_each_lane(warp.active(),
                [&](int lane) { body(warp.block().memory_barriers(), lane, barrier.of(addresses, lane)); });
}

Form init(Decoder& decode) {
  const BarrierAddress barrier = barrier_address(decode, 0);
  const auto count = decode.source<uint32_t>(1);
  return Action([=](Warp& warp) {
    for_each_barrier(warp, barrier, [&](MemoryBarriers& barriers, int lane, Location where) {
      barriers.init(warp, lane, where, warp.lanes(count)[lane]);
    });
  });
}

Form invalidate(Decoder& decode) {
  const BarrierAddress barrier = barrier_address(decode, 0);
  return Action([=](Warp& warp) {
    for_each_barrier(warp, barrier, [&](MemoryBarriers& barriers, int lane, Location where) {
      barriers.invalidate(warp, lane, where);
    });
  });
}

// mbarrier.arrive.b64 state, [address]{, count}
Form arrive(Decoder& decode, bool leaves) {
  decode.ignore({"noComplete"});  // a promise, which a finding checks anyway
  const BarrierAddress barrier = barrier_address(decode, 1);
  const bool returns = !decode.is_sink(decode.operand(0));
  const auto state = returns ? decode.destination<uint64_t>(0) : Destination<uint64_t>();
  const bool counted = decode.operands() > 2;
  const auto count = counted ? decode.source<uint32_t>(2) : Source<uint32_t>();
  return Action([=](Warp& warp) {
    std::array<uint64_t, warp_size> before{};
    for_each_barrier(warp, barrier, [&](MemoryBarriers& barriers, int lane, Location where) {
      before[static_cast<std::size_t>(lane)] =
          barriers.arrive(warp, lane, where, counted ? warp.lanes(count)[lane] : 1, leaves);
    });
    if (returns) warp.write(state, [&](int lane) { return before[static_cast<std::size_t>(lane)]; });
  });
}

// mbarrier.test_wait.b64 p, [address], state   mbarrier.try_wait.parity.b64 p, [address], parity{,
// nanoseconds}
Form wait(Decoder& decode) {
  const bool by_parity = decode.flag("parity");
  const BarrierAddress barrier = barrier_address(decode, 1);
  const auto complete = decode.predicate_destination(decode.name(0));
  const auto parity = by_parity ? decode.source<uint32_t>(2) : Source<uint32_t>();
  const auto state = by_parity ? Source<uint64_t>() : decode.source<uint64_t>(2);
  return Action([=](Warp& warp) {
    Mask done = 0;
    for_each_barrier(warp, barrier, [&](MemoryBarriers& barriers, int lane, Location where) {
      const bool is_done = by_parity ? barriers.test_parity(warp, lane, where, warp.lanes(parity)[lane])
                                     : barriers.test(warp, lane, where, warp.lanes(state)[lane]);
      if (is_done) done |= Mask{1} << lane;
    });
    warp.write(complete, [&](int lane) { return contains(done, lane) ? -1 : 0; });
    if (done != warp.active()) warp.give_way();
  });
}

Form pending_count(Decoder& decode) {
  if (decode.type() != Type::b64) decode.unsupported("a state has type b64");
  const auto out = decode.destination<uint32_t>(0);
  const auto state = decode.source<uint64_t>(1);
  return Action([=](Warp& warp) {
    const uint64_t* bits = warp.lanes(state);
    warp.write(out,
               [&](int lane) { return MemoryBarrier::from(bits[lane]).value_or(MemoryBarrier()).pending; });
  });
}

Form memory_barrier(Decoder& decode) {
  if (decode.flag("init")) return init(decode);
  if (decode.flag("inval")) return invalidate(decode);
  if (decode.flag("arrive")) return arrive(decode, false);
  if (decode.flag("arrive_drop")) return arrive(decode, true);
  if (decode.flag("test_wait") || decode.flag("try_wait")) return wait(decode);
  if (decode.flag("pending_count")) return pending_count(decode);
  decode.unsupported("this operation is not known");
}

}  // namespace

Form arrive_after_copies(Decoder& decode) {
  decode.ignore({"arrive"});
  const bool extra = !decode.flag("noinc");
  const BarrierAddress barrier = barrier_address(decode, 0);
  return Action([=](Warp& warp) {
    for_each_barrier(warp, barrier, [&](MemoryBarriers& barriers, int lane, Location where) {
      barriers.arrive_after_copies(warp, lane, where, extra);
    });
  });
}

void add_memory_barrier_rules(Rules& rules) { rules.add("mbarrier", memory_barrier); }

}  // namespace masktwins::emulator
