#include "kernels/emulator/instructions/rounding.h"

#include <cfenv>

#include "kernels/emulator/program/decoder.h"

namespace masktwins::emulator {

Rounding rounding_modifier(Decoder& decode) {
  if (decode.flag("rz")) return Rounding::zero;
  if (decode.flag("rm")) return Rounding::down;
  if (decode.flag("rp")) return Rounding::up;
  if (decode.flag("rna")) return Rounding::nearest_away;
  decode.flag("rn");
  return Rounding::nearest_even;
}

Action under_rounding(Rounding rounding, Action action) {
  if (rounding == Rounding::nearest_even) return action;
  const int mode = rounding == Rounding::zero   ? FE_TOWARDZERO
                   : rounding == Rounding::down ? FE_DOWNWARD
                                                : FE_UPWARD;
  return [mode, action = std::move(action)](Warp& warp) {
    const int before = std::fegetround();
    std::fesetround(mode);
    action(warp);
    std::fesetround(before);
  };
}

}  // namespace masktwins::emulator
