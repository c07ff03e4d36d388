#include "kernels/emulator/instructions/members.h"

#include <sstream>

#include "kernels/emulator/machine/block.h"

namespace masktwins::emulator {

void check_members(Warp& warp, Source<uint32_t> members) {
  if (!warp.block().checks()) return;
  const uint32_t* named = warp.lanes(members);
  const Mask active = warp.active();
  const auto report = [&](int lane, const std::string& problem) {
    std::ostringstream text;
    text << "names lanes 0x" << std::hex << named[lane] << problem;
    warp.report(FindingKind::warp_mask, lane, text.str());
  };
  Mask judged = 0;  // neighbours mostly share one mask: its absent lanes are reported once
  for_each_lane(active, [&](int lane) {
    if (!contains(named[lane], lane)) return report(lane, ", but not itself");
    if (contains(judged, lane)) return;
    for_each_lane(active, [&](int other) { judged |= named[other] == named[lane] ? Mask{1} << other : 0; });
    const Mask absent = named[lane] & warp.live() & ~active;
    if (absent != 0) report(lane, ", but " + std::to_string(count(absent)) + " of them are not here");
  });
}

void check_whole_warp(Warp& warp, const char* instruction) {
  if (!warp.block().checks() || warp.active() == all_lanes) return;
  warp.report(FindingKind::warp_mask, first(warp.active()),
              std::string(instruction) + " needs all 32 lanes, but only " +
                  std::to_string(count(warp.active())) + " are here");
}

}  // namespace masktwins::emulator
