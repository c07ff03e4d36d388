// Random programs, written out as PTX and at the same time run thread by thread by a plain interpreter that
// shares no code with the emulator: a tree walk over one thread's registers.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace masktwins::tests {

// One thread's registers. Every kind is a small pool; values are kept as bits.
struct ThreadState {
  std::array<uint32_t, 8> word{};
  std::array<uint64_t, 4> wide{};
  std::array<float, 6> real{};
  std::array<double, 4> twice{};
  std::array<bool, 4> holds{};

  static constexpr std::size_t slots = 8 + 4 + 6 + 4 + 4;
  std::array<uint64_t, slots> bits() const;  // NaNs all alike
};

class RandomProgram {
 public:
  explicit RandomProgram(uint64_t seed);

  // A kernel `test` with two parameters: an array of one 32-bit input per thread, and the output, `slots`
  // 64-bit values per thread.
  std::string ptx() const;
  std::array<uint64_t, ThreadState::slots> run(uint32_t input) const;

  struct Statement {
    enum class Kind { operation, choice, loop, leave };
    Kind kind = Kind::operation;
    std::size_t operation = 0;               // index into the table of operations
    std::array<std::size_t, 4> registers{};  // destination, then sources
    int guard = -1;                          // predicate of "@p"; -1 = always. choice, leave: the condition
    bool negated = false;
    std::size_t counter = 0;  // loop: runs word[counter] % 4 times
    std::vector<Statement> body, otherwise;
  };

 private:
  std::vector<Statement> block(int depth);
  Statement statement(int depth, bool in_loop);

  std::mt19937_64 random_;
  std::vector<Statement> program_;
  int loops_ = 0;  // nesting while generating
};

}  // namespace masktwins::tests
