// Barriers, fences and the end of a thread (PTX ISA, "Parallel Synchronization", "Control Flow", "trap").
#include "kernels/emulator/instructions/members.h"
#include "kernels/emulator/instructions/rules.h"
#include "kernels/emulator/machine/block.h"

namespace masktwins::emulator {
namespace {

Form sync_lanes(Decoder& decode) {  // bar.warp.sync members
  if (!decode.flag("sync")) decode.unsupported("only .sync is known");
  const auto members = decode.source<uint32_t>(0);
  return Action([=](Warp& warp) {
    if (!warp.block().checks()) return;
    check_members(warp, members);
    const uint32_t* named = warp.lanes(members);
    Mask left = warp.active();
    while (left != 0) {
      const Mask group = named[first(left)] & warp.active();
      warp.block().shadow().sync_lanes(warp.index(), group);
      left &= ~(group | Mask{1} << first(left));
    }
  });
}

// bar.sync id{, threads}   bar.arrive id, threads   bar.red.popc.u32 d, id{, threads}, p
Form barrier(Decoder& decode) {
  if (decode.flag("warp")) return sync_lanes(decode);
  decode.ignore({"cta", "aligned"});
  Barrier form;
  std::size_t next = 0;
  if (decode.flag("red")) {
    form.kind = decode.choose<Barrier::Kind>(
        {{"popc", Barrier::Kind::popc}, {"and", Barrier::Kind::all}, {"or", Barrier::Kind::any}});
    decode.type();
    form.result = form.kind == Barrier::Kind::popc ? decode.destination<uint32_t>(0).offset
                                                   : decode.predicate_destination(decode.name(0)).offset;
    form.predicate = decode.predicate(decode.operands() - 1);
    next = 1;
  } else if (decode.flag("arrive")) {
    form.kind = Barrier::Kind::arrive;
  } else if (!decode.flag("sync")) {
    decode.unsupported("one of .sync, .arrive and .red is needed");
  }
  form.id = decode.source<uint32_t>(next);
  const std::size_t last = decode.operands() - (next == 1 ? 1 : 0);
  if (next + 1 < last) {
    form.counted = true;
    form.threads = decode.source<uint32_t>(next + 1);
  }
  return form;
}

// Blocks see each other's writes at once, so fences have nothing to do.
Form fence(Decoder& decode) {
  decode.ignore({"gl", "cta", "gpu", "sys", "cluster", "sc", "acq_rel", "acquire", "release", "level",
                 "proxy", "async", "sync", "alias", "generic", "mbarrier_init"});
  return Action([](Warp&) {});
}

Form trap(Decoder&) {
  return Action([](Warp& warp) {
    warp.report(FindingKind::trap, first(warp.active()), "executes a trap");
    warp.exit(warp.active());
  });
}

Form nothing(Decoder& decode) {
  decode.ignore({"u32"});
  return Action([](Warp&) {});
}

}  // namespace

void add_control_rules(Rules& rules) {
  rules.add("bar", barrier);
  rules.add("barrier", barrier);
  rules.add("membar", fence);
  rules.add("fence", fence);
  rules.add("trap", trap);
  rules.add("brkpt", nothing);
  rules.add("nanosleep", nothing);
}

}  // namespace masktwins::emulator
