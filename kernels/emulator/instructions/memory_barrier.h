// cp.async.mbarrier.arrive, which belongs to both copies and barriers.
#pragma once

#include "kernels/emulator/instructions/rules.h"

namespace masktwins::emulator {

Form arrive_after_copies(Decoder& decode);

}  // namespace masktwins::emulator
