#include "kernels/common/range.h"

#include <nvtx3/nvToolsExt.h>

namespace masktwins::kernels {

Range::Range(const char* name) { nvtxRangePushA(name); }
Range::~Range() { nvtxRangePop(); }

}  // namespace masktwins::kernels
