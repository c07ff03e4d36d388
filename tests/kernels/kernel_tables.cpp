// The text of docs/kernels/counts.*, and the reasons in the contracts.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "tests/kernels/kernel_counts.h"

namespace masktwins::tests {
namespace {

// The paragraph of a file's comment that begins with "// CUDA: ".
std::string reason_in(const std::string& file) {
  const std::string start = "// CUDA: ", next = "// ";
  std::ifstream contract(file);
  std::string line, reason;
  while (std::getline(contract, line) && !line.starts_with(start)) {
  }
  if (!contract) return "";
  reason = line.substr(start.size());
  while (std::getline(contract, line) && line.starts_with(next)) reason.append(" ").append(line, next.size());
  return reason;
}

double ratio(int64_t a, int64_t b) { return b > 0 ? static_cast<double>(a) / static_cast<double>(b) : 1; }

std::string two_digits(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", number);
  return text;
}

std::string cells(const OpRow& row, const KernelRow& kernel) {
  return concat_text("`", kernel.kernel, "` | ", kernel.launches, " | ",
                     two_digits(32 * ratio(kernel.instructions, row.elements)), " | ",
                     two_digits(ratio(kernel.sectors, kernel.requests)), " | ",
                     two_digits(ratio(kernel.least_sectors, kernel.requests)), " | ",
                     two_digits(ratio(kernel.wavefronts, kernel.least_wavefronts)));
}

constexpr const char* introduction = R"(# What the CUDA kernels move

Written by `make kernels` from what the [emulator](../emulator.md) counts, and compared by a test to the last sector. Every op runs
on the inputs of its first benchmark, large sizes halved until no input has more than 131072 elements.

- **moved / needed**: bytes of all 32-byte sectors that the kernels ask for, over the least bytes of the op's contract. The emulator
  has no caches: what is read twice counts twice, although a GPU's cache may serve it.
- **instructions**: of a warp, per 32 elements of the largest input.
- **sectors**: per request to global memory, and the least for the bytes asked for.
- **wavefronts**: of shared memory over the least possible; 1.00 is free of bank conflicts.

What moves more than 1.15 times the least, or has conflicts, says why in its contract in `kernels/`; the reasons stand
[below](#reasons). `build/masktwins_kernel_counts layer_norm` prints the counts of an op's kernels line by line.

)";

}  // namespace

std::string reason_of(const std::string& op) {
  const std::string own = "kernels/" + op + ".h";
  if (std::filesystem::exists(own)) return reason_in(own);
  const std::regex built_on(R"re(#include "(?:tensor/ops|kernels)/(\w+)\.h")re");
  std::smatch match;
  for (const char* extension : {".cpp", ".h"}) {
    std::ifstream source("tensor/ops/" + op + extension);
    for (std::string line; std::getline(source, line);)
      if (std::regex_match(line, match, built_on))
        if (const std::string reason = reason_in("kernels/" + match[1].str() + ".h"); !reason.empty())
          return reason;
  }
  return "";
}

std::string to_json(const std::vector<OpRow>& rows) {
  std::string text;
  for (const OpRow& row : rows)
    for (const KernelRow& kernel : row.kernels) {
      const nlohmann::ordered_json json = {{"op", row.op},
                                           {"phase", row.phase},
                                           {"dtype", row.dtype},
                                           {"kernel", kernel.kernel},
                                           {"launches", kernel.launches},
                                           {"instructions", kernel.instructions},
                                           {"requests", kernel.requests},
                                           {"sectors", kernel.sectors},
                                           {"least_sectors", kernel.least_sectors},
                                           {"wavefronts", kernel.wavefronts},
                                           {"least_wavefronts", kernel.least_wavefronts}};
      text += concat_text(text.empty() ? "[\n" : ",\n", json.dump());
    }
  return text + "\n]\n";
}

std::string to_markdown(const std::vector<OpRow>& rows) {
  std::string text = introduction;
  std::string reasons;
  std::set<std::string> explained;
  for (const char* dtype : {"float32", "bfloat16"}) {
    text += concat_text("## ", dtype,
                        "\n\n| op | inputs | moved / needed | kernel | launches | instructions | sectors | "
                        "least | wavefronts |\n|---|---|--:|---|--:|--:|--:|--:|--:|\n");
    for (const OpRow& row : rows) {
      if (row.dtype != dtype) continue;
      for (std::size_t i = 0; i < row.kernels.size(); ++i) {
        const std::string moved = row.needed_bytes > 0 ? two_digits(row.moved_over_needed()) : "";
        text += i == 0 ? concat_text("| ", row.op, ' ', row.phase, " | ", row.shapes, " | ", moved, " | ")
                       : "| | | | ";
        text += cells(row, row.kernels[i]) + " |\n";
      }
      if (row.needs_reason() && explained.insert(row.op).second)
        reasons += concat_text("- **", row.op, "**: ", reason_of(row.op), "\n");
    }
    text += "\n";
  }
  return text + "## Reasons\n\n" + reasons;
}

}  // namespace masktwins::tests
