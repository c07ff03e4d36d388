#include "kernels/emulator/program/control_flow.h"

#include <algorithm>

namespace masktwins::emulator {
namespace {

bool ends_path(const Instruction& instruction) {
  return std::holds_alternative<Return>(instruction.form) || std::holds_alternative<Exit>(instruction.form);
}

// Basic blocks and their edges; block `exit()` stands for leaving the function.
class Graph {
 public:
  explicit Graph(const std::vector<Instruction>& code) {
    const std::size_t size = code.size();
    std::vector<bool> leads(size + 1, false);
    leads[0] = true;
    for (std::size_t i = 0; i < size; ++i) {
      const Branch* branch = std::get_if<Branch>(&code[i].form);
      if (branch == nullptr && !ends_path(code[i])) continue;
      leads[i + 1] = true;
      if (branch != nullptr)
        for (const int target : branch->targets) leads[static_cast<std::size_t>(target)] = true;
    }
    for (std::size_t i = 0; i < size; ++i) {
      if (leads[i]) starts_.push_back(static_cast<int>(i));
      block_of_.push_back(static_cast<int>(starts_.size()) - 1);
    }
    successors_.resize(starts_.size() + 1);
    predecessors_.resize(starts_.size() + 1);
    for (int block = 0; block < exit(); ++block) connect(code, block);
  }

  int exit() const { return static_cast<int>(starts_.size()); }
  int block_of(int instruction) const { return block_of_[static_cast<std::size_t>(instruction)]; }
  int start(int block) const { return starts_[static_cast<std::size_t>(block)]; }

  // Immediate post-dominator of every block, -1 where the end is never reached: Cooper, Harvey and Kennedy,
  // "A simple, fast dominance algorithm" (2001), on the reversed graph.
  std::vector<int> post_dominators() const;

 private:
  void connect(const std::vector<Instruction>& code, int block) {
    const int last = (block + 1 < exit() ? start(block + 1) : static_cast<int>(code.size())) - 1;
    const Instruction& instruction = code[static_cast<std::size_t>(last)];
    const int next = block + 1;  // exit() after the last block
    if (const Branch* branch = std::get_if<Branch>(&instruction.form)) {
      for (const int target : branch->targets) edge(block, block_of(target));
      if (instruction.guarded) edge(block, next);
    } else if (ends_path(instruction)) {
      edge(block, exit());
      if (instruction.guarded) edge(block, next);
    } else {
      edge(block, next);
    }
  }
  void edge(int from, int to) {
    successors_[static_cast<std::size_t>(from)].push_back(to);
    predecessors_[static_cast<std::size_t>(to)].push_back(from);
  }
  std::vector<int> reverse_postorder() const;

  std::vector<int> starts_, block_of_;
  std::vector<std::vector<int>> successors_, predecessors_;
};

// Of the reversed graph, from the exit.
std::vector<int> Graph::reverse_postorder() const {
  std::vector<int> order;
  std::vector<bool> seen(predecessors_.size(), false);
  std::vector<std::pair<int, std::size_t>> stack{{exit(), 0}};
  seen[static_cast<std::size_t>(exit())] = true;
  while (!stack.empty()) {
    auto& [block, next] = stack.back();
    const std::vector<int>& before = predecessors_[static_cast<std::size_t>(block)];
    if (next == before.size()) {
      order.push_back(block);
      stack.pop_back();
      continue;
    }
    const int other = before[next++];
    if (seen[static_cast<std::size_t>(other)]) continue;
    seen[static_cast<std::size_t>(other)] = true;
    stack.emplace_back(other, 0);
  }
  std::reverse(order.begin(), order.end());
  return order;
}

std::vector<int> Graph::post_dominators() const {
  const std::vector<int> order = reverse_postorder();
  std::vector<int> position(predecessors_.size(), -1), dominator(predecessors_.size(), -1);
  for (std::size_t i = 0; i < order.size(); ++i)
    position[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
  const auto of = [](std::vector<int>& values, int block) -> int& {
    return values[static_cast<std::size_t>(block)];
  };
  of(dominator, exit()) = exit();
  for (bool changed = true; changed;) {
    changed = false;
    for (const int block : order) {
      if (block == exit()) continue;
      int common = -1;
      for (int other : successors_[static_cast<std::size_t>(block)]) {
        if (of(dominator, other) < 0) continue;
        if (common < 0) {
          common = other;
          continue;
        }
        while (common != other) {
          while (of(position, common) > of(position, other)) common = of(dominator, common);
          while (of(position, other) > of(position, common)) other = of(dominator, other);
        }
      }
      if (common == of(dominator, block)) continue;
      of(dominator, block) = common;
      changed = true;
    }
  }
  return dominator;
}

}  // namespace

void find_reconvergence_points(std::vector<Instruction>& code) {
  const Graph graph(code);
  const std::vector<int> dominators = graph.post_dominators();
  for (std::size_t i = 0; i < code.size(); ++i) {
    Branch* branch = std::get_if<Branch>(&code[i].form);
    if (branch == nullptr) continue;
    const int meeting = dominators[static_cast<std::size_t>(graph.block_of(static_cast<int>(i)))];
    branch->reconvergence = meeting < 0 || meeting == graph.exit() ? -1 : graph.start(meeting);
  }
}

}  // namespace masktwins::emulator
