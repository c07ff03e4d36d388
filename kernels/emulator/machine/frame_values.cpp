#include "kernels/emulator/machine/frame_values.h"

#include "kernels/emulator/machine/block.h"
#include "kernels/emulator/machine/device_limits.h"

namespace masktwins::emulator {

int64_t frame_value(FrameValue::Kind kind, const Warp& warp, int lane) {
  using Kind = FrameValue::Kind;
  const Block& block = warp.block();
  const Launch& launch = block.launch();
  const int64_t thread = warp.thread(lane);
  const int64_t width = launch.block.x, height = launch.block.y;
  const uint32_t bit = 1u << lane;
  switch (kind) {
    case Kind::tid_x: return thread % width;
    case Kind::tid_y: return thread / width % height;
    case Kind::tid_z: return thread / (width * height);
    case Kind::ntid_x: return launch.block.x;
    case Kind::ntid_y: return launch.block.y;
    case Kind::ntid_z: return launch.block.z;
    case Kind::ctaid_x: return block.index().x;
    case Kind::ctaid_y: return block.index().y;
    case Kind::ctaid_z: return block.index().z;
    case Kind::nctaid_x: return launch.grid.x;
    case Kind::nctaid_y: return launch.grid.y;
    case Kind::nctaid_z: return launch.grid.z;
    case Kind::lane: return lane;
    case Kind::warp: return warp.index();
    case Kind::warps: return launch.warps();
    case Kind::sm: return block.number() % multiprocessors;
    case Kind::sms: return multiprocessors;
    case Kind::grid: return 0;
    case Kind::grid_workspace_high: return static_cast<int64_t>(launch.grid_workspace >> 32);
    case Kind::grid_workspace_low: return static_cast<int64_t>(launch.grid_workspace & 0xffffffff);
    case Kind::lanemask_eq: return bit;
    case Kind::lanemask_lt: return bit - 1;
    case Kind::lanemask_le: return bit | (bit - 1);
    case Kind::lanemask_gt: return static_cast<uint32_t>(~(bit | (bit - 1)));
    case Kind::lanemask_ge: return static_cast<uint32_t>(~(bit - 1));
    case Kind::dynamic_shared_size: return launch.dynamic_shared;
    case Kind::total_shared_size: return launch.shared_bytes();
    case Kind::dynamic_shared: return launch.shared_bytes() - launch.dynamic_shared;
    case Kind::local: return warp.local_base();
  }
  return 0;
}

}  // namespace masktwins::emulator
