// The emulated CUDA device as a test or a tool sees it: how kernels are run, what went wrong in them, and
// what they did. Programs themselves use the ordinary CUDA runtime API.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernels/emulator/report/finding.h"

namespace masktwins::emulator {

// An instruction of a kernel that is left out: a deliberate mistake, which tests should notice.
struct Mutation {
  enum class Kind : uint8_t { barrier, wait, guard };
  Kind kind = Kind::barrier;
  std::string kernel;   // as KernelCounts names it
  int instruction = 0;  // of the kernel, counted from 0
  std::string text, place;
};

const char* name_of(Mutation::Kind kind);

struct Options {
  bool checks = true;   // races, uninitialised shared memory, warp masks
  bool traffic = true;  // sectors and bank conflicts
  int threads = 0;      // operating-system threads that run blocks; 0 = one per processor
  // 0 runs warps, blocks and streams in their natural order. Any other value draws an order, with warps
  // interrupted after a few instructions: results must not depend on it.
  uint64_t seed = 0;
  // Warp instructions after which a launch counts as an endless loop.
  int64_t instruction_limit = int64_t{20'000'000'000};
  std::optional<Mutation> mutation;          // of later launches of its kernel
  int64_t device_memory = int64_t{8} << 30;  // bytes that can be allocated at once
};

// How later launches and allocations go. The first call reads MASKTWINS_EMULATOR_CHECKS, _TRAFFIC, _THREADS,
// _SEED and _MEMORY from the environment.
Options& options();

// What one instruction moved, summed over every warp that executed it.
struct Traffic {
  int64_t requests = 0;  // warp instructions that moved anything
  int64_t bytes = 0;     // distinct bytes the lanes asked for
  // Global memory moves in sectors of 32 bytes; the least possible is the bytes packed without gaps.
  int64_t sectors = 0, least_sectors = 0;
  // Shared memory serves 32 banks of 4 bytes at once; every further word in a bank costs one more wavefront.
  int64_t wavefronts = 0, least_wavefronts = 0;

  Traffic& operator+=(const Traffic& other);
};

struct Counter {
  int64_t executed = 0;   // warp instructions, predicated-off ones included
  int64_t lanes = 0;      // lanes that took part, over all of them
  int64_t divergent = 0;  // branches that split the warp
  Traffic global, shared;

  Counter& operator+=(const Counter& other);
};

// One instruction of a kernel (or of a function it calls) with its counts.
struct CountedInstruction {
  std::string function, text, place, file;
  int line = 0;
  Counter counter;
};

struct KernelCounts {
  std::string kernel;
  int64_t launches = 0;
  std::vector<CountedInstruction> instructions;  // executed ones, in program order

  Counter total() const;
};

// What launches saw, keyed by instruction number; the machine's own form of findings and counts.
struct Observations {
  struct Defect {
    int64_t count = 0;
    int64_t block = 0;  // first block that showed it
    std::string detail;
  };
  std::map<std::pair<FindingKind, int>, Defect> defects;
  std::vector<Counter> counters;
  bool abandoned = false;

  void add_defect(FindingKind kind, int site, int64_t block, const std::string& detail);
  Observations& operator+=(const Observations& other);
};

// Everything found, or counted, by launches that have run since the last call.
std::vector<Finding> take_findings();
std::vector<KernelCounts> take_counts();

// Barriers, waits and guards of a kernel of this program that can be left out.
std::vector<Mutation> mutations_of(const std::string& kernel);

// Forgets findings, counts, pending work and the error a failed kernel has left; allocations stay.
void reset();

// A defect in the host's use of the device, for example a copy in the wrong direction.
void report_host_finding(FindingKind kind, const std::string& call, const std::string& detail);

// Human-readable tables.
std::string describe(const std::vector<Finding>& findings);
std::string describe(const KernelCounts& counts);

}  // namespace masktwins::emulator
