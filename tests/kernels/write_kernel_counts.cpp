// masktwins_kernel_counts             writes docs/kernels/counts.*: `make kernels`
// masktwins_kernel_counts softmax_channels  prints what the op's kernels do, line by line
#include <cstdio>

#include "data/file.h"
#include "tests/kernels/kernel_counts.h"

using namespace masktwins;
using namespace masktwins::tests;

namespace {

int print_op(const std::string& name) {
  const auto found = registered_ops().find(name);
  if (found == registered_ops().end()) {
    std::fprintf(stderr, "masktwins_kernel_counts: there is no op %s; docs/ops.md lists them\n",
                 name.c_str());
    return 2;
  }
  for (const OpRow& row : count_kernels(found->second))
    std::printf("%s %s in %s on %s: moved / needed %.2f\n%s\n", row.op.c_str(), row.phase.c_str(),
                row.dtype.c_str(), row.shapes.c_str(), row.moved_over_needed(), row.line_counts.c_str());
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count > 1) return print_op(arguments[1]);
  const std::vector<OpRow> rows = count_kernels();
  data::write_file("docs/kernels/counts.json", to_json(rows));
  data::write_file("docs/kernels/counts.md", to_markdown(rows));
  data::write_file("docs/kernels/nvcc.txt", compiler_version() + "\n");
  std::printf("docs/kernels: %zu passes of ops\n", rows.size());
}
