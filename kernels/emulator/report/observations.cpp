#include "kernels/emulator/report/observations.h"

#include <algorithm>
#include <cstdlib>
#include <mutex>

namespace masktwins::emulator {
namespace {

struct Record {
  std::mutex mutex;
  std::vector<Finding> findings;
  struct Counts {
    const Module* module = nullptr;
    int64_t launches = 0;
    std::vector<Counter> counters;
  };
  std::map<std::string, Counts> counts;  // by kernel
};

Record& all() {
  static Record& record = *new Record;  // read when the program ends
  return record;
}

void add_finding(Record& record, Finding finding) {
  for (Finding& known : record.findings)
    if (known.kind == finding.kind && known.kernel == finding.kernel && known.place == finding.place &&
        known.instruction == finding.instruction) {
      known.count += finding.count;
      return;
    }
  record.findings.push_back(std::move(finding));
}

int64_t from_environment(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoll(text, nullptr, 10);
}

// Only finished text leaves this file: modules may be gone when the counts are asked for.
KernelCounts readable(const std::string& kernel, const Module& module, int64_t launches,
                      const std::vector<Counter>& counters) {
  KernelCounts result{kernel, launches, {}};
  for (std::size_t i = 0; i < counters.size(); ++i) {
    if (counters[i].executed == 0) continue;
    const Site& site = module.sites()[i];
    result.instructions.push_back(
        {site.function, site.text, site.place(), site.file, site.line, counters[i]});
  }
  return result;
}

}  // namespace

Options& options() {
  static Options options = [] {
    Options read;
    read.checks = from_environment("MASKTWINS_EMULATOR_CHECKS", 1) != 0;
    read.traffic = from_environment("MASKTWINS_EMULATOR_TRAFFIC", 1) != 0;
    read.threads = static_cast<int>(from_environment("MASKTWINS_EMULATOR_THREADS", 0));
    read.seed = static_cast<uint64_t>(from_environment("MASKTWINS_EMULATOR_SEED", 0));
    read.device_memory = from_environment("MASKTWINS_EMULATOR_MEMORY", read.device_memory >> 20) << 20;
    return read;
  }();
  return options;
}

void record(const Launch& launch, const Observations& observations) {
  Record& record = all();
  const std::lock_guard lock(record.mutex);
  for (const auto& [key, defect] : observations.defects) {
    const Site& site = launch.module.sites()[static_cast<std::size_t>(key.second)];
    add_finding(record, {key.first, launch.kernel.name, site.place(), site.file, site.line, site.text,
                         defect.detail, defect.count});
  }
  Record::Counts& counts = record.counts[launch.kernel.name];
  if (counts.module != &launch.module) counts = {&launch.module, 0, {}};
  ++counts.launches;
  counts.counters.resize(observations.counters.size());
  for (std::size_t i = 0; i < counts.counters.size(); ++i) counts.counters[i] += observations.counters[i];
}

std::vector<Finding> take_findings() {
  const std::lock_guard lock(all().mutex);
  return std::exchange(all().findings, {});
}

std::vector<KernelCounts> take_counts() {
  const std::lock_guard lock(all().mutex);
  std::vector<KernelCounts> result;
  for (const auto& [kernel, counts] : all().counts)
    result.push_back(readable(kernel, *counts.module, counts.launches, counts.counters));
  all().counts.clear();
  return result;
}

void report_host_finding(FindingKind kind, const std::string& call, const std::string& detail) {
  const std::lock_guard lock(all().mutex);
  add_finding(all(), {kind, "", "", "", 0, call, detail, 1});
}

void Observations::add_defect(FindingKind kind, int site, int64_t block, const std::string& detail) {
  const auto [entry, fresh] = defects.try_emplace({kind, site}, Defect{0, block, detail});
  ++entry->second.count;
}

Observations& Observations::operator+=(const Observations& other) {
  for (const auto& [key, defect] : other.defects) {
    const auto [entry, fresh] = defects.try_emplace(key, defect);
    if (fresh) continue;
    entry->second.count += defect.count;
    // The text of the lowest block, whichever thread ran it.
    if (defect.block < entry->second.block) {
      entry->second.block = defect.block;
      entry->second.detail = defect.detail;
    }
  }
  for (std::size_t i = 0; i < counters.size(); ++i) counters[i] += other.counters[i];
  abandoned = abandoned || other.abandoned;
  return *this;
}

Counter& Counter::operator+=(const Counter& other) {
  executed += other.executed;
  lanes += other.lanes;
  divergent += other.divergent;
  global += other.global;
  shared += other.shared;
  return *this;
}

Counter KernelCounts::total() const {
  Counter sum;
  for (const CountedInstruction& instruction : instructions) sum += instruction.counter;
  return sum;
}

}  // namespace masktwins::emulator
