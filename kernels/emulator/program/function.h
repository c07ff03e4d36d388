// A function ready to run: decoded instructions and the layout of its frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "kernels/emulator/program/operand.h"

namespace masktwins::emulator {

class Warp;
struct Function;

// Anything that changes registers or memory and then goes on to the next instruction.
using Action = std::function<void(Warp&)>;

// bra, and brx.idx, which picks one of several targets per lane.
struct Branch {
  std::vector<int> targets;   // indices into Function::code
  Source<uint32_t> selector;  // brx.idx only
  int reconvergence = -1;     // where the paths meet again: the immediate post-dominator; -1 at the end
};

// What is handed over lies in per-lane memory, here at offsets from the caller's local base.
struct Call {
  const Function* callee = nullptr;  // null: the function at the address in `target`
  Source<uint64_t> target;
  std::vector<int64_t> arguments, results;
};

struct Return {};
struct Exit {};

// bar, barrier: waits for threads of the block, or only announces the own arrival.
struct Barrier {
  enum class Kind : uint8_t { wait, arrive, popc, all, any };
  Kind kind = Kind::wait;
  Source<uint32_t> id;
  bool counted = false;
  Source<uint32_t> threads;   // counted: how many threads take part
  PredicateSource predicate;  // popc, all, any: what is combined over the block's threads
  uint32_t result = 0;        // popc: 32-bit register; all, any: predicate
};

struct Instruction {
  std::variant<Action, Branch, Call, Return, Exit, Barrier> form;
  bool guarded = false;
  PredicateSource guard;
  int site = 0;  // index into Module::sites and into the counters
};

// A value that is known only when a frame is entered.
struct FrameValue {
  enum class Kind : uint8_t {
    tid_x,
    tid_y,
    tid_z,
    ntid_x,
    ntid_y,
    ntid_z,
    ctaid_x,
    ctaid_y,
    ctaid_z,
    nctaid_x,
    nctaid_y,
    nctaid_z,
    lane,
    warp,
    warps,
    sm,
    sms,
    grid,
    grid_workspace_high,
    grid_workspace_low,
    lanemask_eq,
    lanemask_lt,
    lanemask_le,
    lanemask_gt,
    lanemask_ge,
    dynamic_shared_size,
    total_shared_size,
    dynamic_shared,
    local
  };
  Kind kind = Kind::tid_x;
  Register destination;
  int64_t addend = 0;
};

struct Parameter {
  int64_t offset = 0, bytes = 0;
};

struct Function {
  std::string name;
  uint64_t address = 0;  // what a pointer to it holds: no address of memory
  bool kernel = false;
  std::vector<Instruction> code;
  std::vector<std::byte> frame;          // a fresh frame: constants filled in, registers zero
  std::vector<FrameValue> frame_values;  // what entering the frame adds
  // Kernel: offsets into the launch's parameter buffer. Otherwise: offsets from the frame's local base.
  std::vector<Parameter> parameters, results;
  int64_t parameter_bytes = 0;
  int64_t local_bytes = 0;   // of local memory per lane
  int64_t shared_bytes = 0;  // static; dynamic shared memory follows
};

inline bool fits(const Call& call, const Function& callee) {
  return call.arguments.size() == callee.parameters.size() && call.results.size() == callee.results.size();
}

}  // namespace masktwins::emulator
