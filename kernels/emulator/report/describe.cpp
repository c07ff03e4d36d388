// Findings and counts as text.
#include <cstdio>
#include <fstream>
#include <sstream>

#include "kernels/emulator/emulator.h"

namespace masktwins::emulator {
namespace {

template <class... Values>
std::string print(const char* format, Values... values) {
  char buffer[256];
  std::snprintf(buffer, sizeof buffer, format, values...);
  return buffer;
}

double ratio(int64_t a, int64_t b) { return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b); }

// Source lines, read once per file; empty where the file is not there.
class SourceLines {
 public:
  std::string line(const std::string& path, int number) {
    auto [entry, fresh] = files_.try_emplace(path);
    if (fresh) {
      std::ifstream file(path);
      for (std::string text; std::getline(file, text);) entry->second.push_back(text);
    }
    if (number < 1 || number > static_cast<int>(entry->second.size())) return "";
    std::string text = entry->second[static_cast<std::size_t>(number - 1)];
    return text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
  }

 private:
  std::map<std::string, std::vector<std::string>> files_;
};

void describe_traffic(std::ostream& out, const CountedInstruction& instruction) {
  const Traffic &global = instruction.counter.global, &shared = instruction.counter.shared;
  if (global.requests > 0)
    out << print("    %-34s %9lld requests  %12lld bytes  %6.2f sectors each, least %.2f\n",
                 instruction.text.c_str(), static_cast<long long>(global.requests),
                 static_cast<long long>(global.bytes), ratio(global.sectors, global.requests),
                 ratio(global.least_sectors, global.requests));
  if (shared.requests > 0)
    out << print("    %-34s %9lld requests  %12lld bytes  %6.2f wavefronts each, least %.2f\n",
                 instruction.text.c_str(), static_cast<long long>(shared.requests),
                 static_cast<long long>(shared.bytes), ratio(shared.wavefronts, shared.requests),
                 ratio(shared.least_wavefronts, shared.requests));
}

}  // namespace

std::string describe(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) text += finding.text() + "\n";
  return text;
}

std::string describe(const KernelCounts& counts) {
  std::ostringstream out;
  const Counter total = counts.total();
  out << demangled(counts.kernel) << ": " << counts.launches
      << (counts.launches == 1 ? " launch, " : " launches, ") << total.executed << " warp instructions, "
      << print("%.1f", ratio(total.lanes, total.executed)) << " of 32 lanes active, " << total.divergent
      << " divergent branches\n";
  struct Line {
    int64_t executed = 0, lanes = 0, divergent = 0;
    std::vector<const CountedInstruction*> instructions;
  };
  std::map<std::pair<std::string, int>, Line> lines;
  std::map<std::pair<std::string, int>, std::string> places;
  for (const CountedInstruction& instruction : counts.instructions) {
    const std::pair<std::string, int> key{instruction.file, instruction.line};
    Line& line = lines[key];
    line.executed += instruction.counter.executed;
    line.lanes += instruction.counter.lanes;
    line.divergent += instruction.counter.divergent;
    line.instructions.push_back(&instruction);
    places.try_emplace(key, instruction.place.substr(0, instruction.place.find(' ')));
  }
  SourceLines source;
  for (const auto& [key, line] : lines) {
    out << print("  %-20s %10lld warp instructions, %4.1f lanes", places[key].c_str(),
                 static_cast<long long>(line.executed), ratio(line.lanes, line.executed));
    if (line.divergent > 0) out << ", " << line.divergent << " divergent branches";
    const std::string text = source.line(key.first, key.second);
    out << (text.empty() ? "" : " | ") << text.substr(0, 90) << "\n";
    for (const CountedInstruction* instruction : line.instructions) describe_traffic(out, *instruction);
  }
  return out.str();
}

}  // namespace masktwins::emulator
