#include "kernels/emulator/instructions/members.h"

#include <sstream>

#include "kernels/emulator/machine/block.h"

namespace masktwins::emulator {

void check_members(Warp& warp, Source<uint32_t> members) {
  if (!warp.block().checks()) return;
  const uint32_t* named = warp.lanes(members);
  const Mask active = warp.active();
  Mask seen = 0;  // lanes whose mask has been judged: neighbours mostly share one
  for_each_lane(active, [&](int lane) {
    if (contains(seen, lane)) return;
    std::ostringstream text;
    text << std::hex << "names lanes 0x" << named[lane];
    if (!contains(named[lane], lane)) {
      text << " without itself";
      warp.report(FindingKind::warp_mask, lane, text.str());
    } else if ((named[lane] & warp.live() & ~active) != 0) {
      text << ", but only 0x" << active << " are here";
      warp.report(FindingKind::warp_mask, lane, text.str());
    }
    for_each_lane(active, [&](int other) { seen |= named[other] == named[lane] ? Mask{1} << other : 0; });
  });
}

void check_whole_warp(Warp& warp, const char* instruction) {
  if (!warp.block().checks() || warp.active() == all_lanes) return;
  warp.report(FindingKind::warp_mask, first(warp.active()),
              std::string(instruction) + " needs all 32 lanes, but only " +
                  std::to_string(count(warp.active())) + " are here");
}

}  // namespace masktwins::emulator
