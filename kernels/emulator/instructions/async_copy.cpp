// cp.async and its groups (PTX ISA, "Asynchronous copy operations").
#include <algorithm>

#include "kernels/emulator/instructions/memory_barrier.h"
#include "kernels/emulator/instructions/rules.h"
#include "kernels/emulator/machine/block.h"
#include "kernels/emulator/memory/access.h"

namespace masktwins::emulator {
namespace {

void complete_groups(Warp& warp, std::size_t pending) {
  for_each_lane(warp.active(), [&](int lane) {
    for (const AsyncCopy& copy : warp.async_copies().complete(lane, pending)) finish_copy(warp, copy, lane);
  });
}

// cp.async.cg.shared.global [to], [from], bytes{, bytes from the source}: the rest is filled with zero.
Form start(Decoder& decode) {
  const bool bypass = decode.flag("cg");
  if (!bypass && !decode.flag("ca")) decode.unsupported("one of .ca and .cg is needed");
  Space to_space = decode.space();  // .global is read first, as both are named
  if (to_space != Space::global || (!decode.flag("shared") && !decode.flag("shared::cta")))
    decode.unsupported("only copies from global to shared memory are known");
  decode.ignore({"L2::64B", "L2::128B", "L2::256B"});
  to_space = Space::shared;
  Space from_space = Space::global;
  const Address to = decode.address(0, to_space), from = decode.address(1, from_space);
  const int bytes = static_cast<int>(decode.integer(2));
  if (bytes != 16 && (bypass || (bytes != 4 && bytes != 8)))
    decode.unsupported("copies have 4, 8 or 16 bytes");
  const bool partial = decode.operands() > 3;
  const auto from_source = partial ? decode.source<uint32_t>(3) : Source<uint32_t>();
  return Action([=](Warp& warp) {
    const auto destinations = warp.addresses(to), sources = warp.addresses(from);
    Mask reading = 0;
    for_each_lane(warp.active(), [&](int lane) {
      const std::size_t i = static_cast<std::size_t>(lane);
      AsyncCopy copy{destinations[i], sources[i], bytes, bytes};
      if (partial)
        copy.from_source =
            static_cast<int>(std::min(warp.lanes(from_source)[lane], static_cast<uint32_t>(bytes)));
      if (copy.from_source > 0) reading |= Mask{1} << lane;
      if (begin_copy(warp, copy, lane)) warp.async_copies().start(lane, copy);
    });
    count_traffic(warp, Space::global, sources, bytes, reading);
    count_traffic(warp, Space::shared, destinations, bytes, warp.active());
  });
}

Form async_copy(Decoder& decode) {
  if (!decode.flag("async")) decode.unsupported("only cp.async is known");
  if (decode.flag("mbarrier")) return arrive_after_copies(decode);
  if (decode.flag("commit_group"))
    return Action([](Warp& warp) {
      for_each_lane(warp.active(), [&](int lane) { warp.async_copies().commit(lane); });
    });
  if (decode.flag("wait_group")) {
    const std::size_t pending = static_cast<std::size_t>(decode.integer(0));
    return Action([=](Warp& warp) { complete_groups(warp, pending); });
  }
  if (decode.flag("wait_all"))
    return Action([](Warp& warp) {
      for_each_lane(warp.active(), [&](int lane) { warp.async_copies().commit(lane); });
      complete_groups(warp, 0);
    });
  return start(decode);
}

}  // namespace

void add_async_copy_rules(Rules& rules) { rules.add("cp", async_copy); }

}  // namespace masktwins::emulator
