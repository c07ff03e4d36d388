// Writes the tables of docs/kernels that the emulator counts: `make kernels`.
#include <cstdio>

#include "data/file.h"
#include "tests/kernels/kernel_counts.h"

int main() {
  const auto rows = masktwins::tests::count_kernels();
  masktwins::data::write_file("docs/kernels/counts.json", masktwins::tests::to_json(rows));
  masktwins::data::write_file("docs/kernels/counts.md", masktwins::tests::to_markdown(rows));
  masktwins::data::write_file("docs/kernels/nvcc.txt", masktwins::tests::compiler_version() + "\n");
  std::printf("docs/kernels: %zu passes of ops\n", rows.size());
}
