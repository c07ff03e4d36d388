#include "tests/emulator/random_program.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <string_view>

namespace masktwins::tests {
namespace {

using State = ThreadState;
using Registers = std::array<std::size_t, 4>;

// The registers an operation names: destination first. w word, d wide, f real, g twice, p predicate.
struct Access {
  State& state;
  const Registers& registers;
  uint32_t& w(std::size_t i) const { return state.word[registers[i]]; }
  uint64_t& d(std::size_t i) const { return state.wide[registers[i]]; }
  float& f(std::size_t i) const { return state.real[registers[i]]; }
  double& g(std::size_t i) const { return state.twice[registers[i]]; }
  bool& p(std::size_t i) const { return state.holds[registers[i]]; }
};

struct Operation {
  const char* ptx;
  const char* kinds;  // of the operands
  void (*run)(Access);
};

int32_t s(uint32_t x) { return static_cast<int32_t>(x); }
int64_t s(uint64_t x) { return static_cast<int64_t>(x); }
uint32_t u(int64_t x) { return static_cast<uint32_t>(x); }

// Bit by bit, so that nothing of it resembles the emulator's own formulas.
bool bit(uint64_t x, uint64_t i) { return i < 64 && (x >> i & 1u) != 0; }
uint32_t from_bits(const std::function<bool(uint64_t)>& value) {
  uint32_t result = 0;
  for (uint64_t i = 0; i < 32; ++i) result |= value(i) ? 1u << i : 0u;
  return result;
}

uint32_t float_to_signed(float x) {
  if (std::isnan(x)) return 0;
  const double y = std::trunc(static_cast<double>(x));
  return u(y >= 2147483647.0 ? 2147483647 : y <= -2147483648.0 ? -2147483648LL : static_cast<int64_t>(y));
}

const std::vector<Operation>& operations() {
  static const std::vector<Operation> table = {
      {"add.s32", "www", [](Access t) { t.w(0) = t.w(1) + t.w(2); }}  // namespace
      ,
      {
          "sub.u32", "www", [](Access t) { t.w(0) = t.w(1) - t.w(2); }  // namespace masktwins::tests
      },
      {"mul.lo.s32", "www", [](Access t) { t.w(0) = t.w(1) * t.w(2); }},
      {"mul.hi.u32", "www", [](Access t) { t.w(0) = u(s(uint64_t{t.w(1)} * t.w(2) >> 32)); }},
      {"mul.hi.s32", "www", [](Access t) { t.w(0) = u(int64_t{s(t.w(1))} * s(t.w(2)) >> 32); }},
      {"mad.lo.s32", "wwww", [](Access t) { t.w(0) = t.w(1) * t.w(2) + t.w(3); }},
      {"mul.wide.s32", "dww",
       [](Access t) { t.d(0) = static_cast<uint64_t>(int64_t{s(t.w(1))} * s(t.w(2))); }},
      {"mad.wide.u32", "dwwd", [](Access t) { t.d(0) = uint64_t{t.w(1)} * t.w(2) + t.d(3); }},
      {"add.s64", "ddd", [](Access t) { t.d(0) = t.d(1) + t.d(2); }},
      {"mul.lo.s64", "ddd", [](Access t) { t.d(0) = t.d(1) * t.d(2); }},
      {"min.s64", "ddd", [](Access t) { t.d(0) = s(t.d(1)) < s(t.d(2)) ? t.d(1) : t.d(2); }},
      {"div.u64", "ddd", [](Access t) { t.d(0) = t.d(2) == 0 ? ~uint64_t{0} : t.d(1) / t.d(2); }},
      {"div.u32", "www", [](Access t) { t.w(0) = t.w(2) == 0 ? ~0u : t.w(1) / t.w(2); }},
      {"rem.u32", "www", [](Access t) { t.w(0) = t.w(2) == 0 ? t.w(1) : t.w(1) % t.w(2); }},
      {"div.s32", "www", [](Access t) { t.w(0) = t.w(2) == 0 ? ~0u : u(int64_t{s(t.w(1))} / s(t.w(2))); }},
      {"rem.s32", "www", [](Access t) { t.w(0) = t.w(2) == 0 ? t.w(1) : u(int64_t{s(t.w(1))} % s(t.w(2))); }},
      {"min.s32", "www", [](Access t) { t.w(0) = u(std::min(s(t.w(1)), s(t.w(2)))); }},
      {"max.u32", "www", [](Access t) { t.w(0) = std::max(t.w(1), t.w(2)); }},
      {"abs.s32", "ww", [](Access t) { t.w(0) = s(t.w(1)) < 0 ? 0u - t.w(1) : t.w(1); }},
      {"neg.s32", "ww", [](Access t) { t.w(0) = ~t.w(1) + 1; }},
      {"and.b32", "www", [](Access t) { t.w(0) = t.w(1) & t.w(2); }},
      {"or.b64", "ddd", [](Access t) { t.d(0) = t.d(1) | t.d(2); }},
      {"xor.b32", "www", [](Access t) { t.w(0) = t.w(1) ^ t.w(2); }},
      {"not.b32", "ww", [](Access t) { t.w(0) = 0xffffffffu - t.w(1); }},
      {"shl.b32", "www",
       [](Access t) {
         const uint64_t n = t.w(2);
         const uint64_t x = t.w(1);
         t.w(0) = from_bits([=](uint64_t i) { return i >= n && bit(x, i - n); });
       }},
      {"shr.u32", "www",
       [](Access t) {
         const uint64_t n = t.w(2);
         const uint64_t x = t.w(1);
         t.w(0) = from_bits([=](uint64_t i) { return bit(x, i + n); });
       }},
      {"shr.s32", "www",
       [](Access t) {
         const uint64_t n = t.w(2);
         const uint64_t x = t.w(1);
         t.w(0) = from_bits([=](uint64_t i) { return bit(x, std::min<uint64_t>(i + n, 31)); });
       }},
      {"shf.l.wrap.b32", "wwww",
       [](Access t) {
         const uint64_t n = t.w(3) % 32, lo = t.w(1), hi = t.w(2);
         t.w(0) = from_bits([=](uint64_t i) { return i >= n ? bit(hi, i - n) : bit(lo, 32 + i - n); });
       }},
      {"shf.r.clamp.b32", "wwww",
       [](Access t) {
         const uint64_t n = std::min(t.w(3), 32u);
         const uint64_t both = uint64_t{t.w(2)} << 32 | t.w(1);
         t.w(0) = from_bits([=](uint64_t i) { return bit(both, i + n); });
       }},
      {"popc.b32", "ww",
       [](Access t) {
         uint32_t n = 0;
         for (uint64_t i = 0; i < 32; ++i) n += bit(t.w(1), i);
         t.w(0) = n;
       }},
      {"clz.b32", "ww",
       [](Access t) {
         uint32_t n = 0;
         while (n < 32 && !bit(t.w(1), 31 - n)) ++n;
         t.w(0) = n;
       }},
      {"brev.b32", "ww",
       [](Access t) {
         const uint64_t x = t.w(1);
         t.w(0) = from_bits([=](uint64_t i) { return bit(x, 31 - i); });
       }},
      {"bfe.u32", "wwww",
       [](Access t) {
         const uint64_t x = t.w(1), p = t.w(2) % 256, n = t.w(3) % 256;
         t.w(0) = from_bits([=](uint64_t i) { return i < n && bit(x, p + i); });
       }},
      {"bfe.s32", "wwww",
       [](Access t) {
         const uint64_t x = t.w(1), p = t.w(2) % 256, n = t.w(3) % 256;
         const bool sign = n > 0 && bit(x, std::min<uint64_t>(p + n - 1, 31));
         t.w(0) = from_bits([=](uint64_t i) { return i < n && p + i < 32 ? bit(x, p + i) : sign; });
       }},
      {"bfi.b32", "wwww",
       [](Access t) {
         const uint64_t x = t.w(1), y = t.w(2), p = t.w(3) % 256;
         t.w(0) = from_bits([=](uint64_t i) { return i >= p && i < p + 7 ? bit(x, i - p) : bit(y, i); });
       }},
      {"prmt.b32", "wwww",
       [](Access t) {
         const uint64_t both = uint64_t{t.w(2)} << 32 | t.w(1), c = t.w(3);
         t.w(0) = from_bits([=](uint64_t i) {
           const uint64_t k = c >> (i / 8 * 4);
           return bit(both, k % 8 * 8 + (bit(k, 3) ? 7 : i % 8));
         });
       }},
      {"lop3.b32", "wwww",
       [](Access t) {
         const uint64_t a = t.w(1), b = t.w(2), c = t.w(3);
         t.w(0) = from_bits(
             [=](uint64_t i) { return bit(0x96 ^ 0x28, bit(a, i) * 4u + bit(b, i) * 2u + bit(c, i)); });
       }},
      {"dp4a.s32.s32", "wwww",
       [](Access t) {
         uint32_t sum = t.w(3);
         for (int i = 0; i < 4; ++i)
           sum += u(int64_t{static_cast<int8_t>(t.w(1) >> 8 * i)} * static_cast<int8_t>(t.w(2) >> 8 * i));
         t.w(0) = sum;
       }},
      {"add.f32", "fff", [](Access t) { t.f(0) = t.f(1) + t.f(2); }},
      {"sub.rn.f32", "fff", [](Access t) { t.f(0) = t.f(1) - t.f(2); }},
      {"mul.f32", "fff", [](Access t) { t.f(0) = t.f(1) * t.f(2); }},
      {"div.rn.f32", "fff", [](Access t) { t.f(0) = t.f(1) / t.f(2); }},
      {"fma.rn.f32", "ffff", [](Access t) { t.f(0) = std::fma(t.f(1), t.f(2), t.f(3)); }},
      {"add.sat.f32", "fff",
       [](Access t) {
         const float x = t.f(1) + t.f(2);
         t.f(0) = x > 1 ? 1 : x > 0 ? x : 0;
       }},
      {"sqrt.rn.f32", "ff", [](Access t) { t.f(0) = std::sqrt(t.f(1)); }},
      {"rcp.rn.f32", "ff", [](Access t) { t.f(0) = 1 / t.f(1); }},
      {"min.f32", "fff",
       [](Access t) {
         t.f(0) = std::isnan(t.f(1))                         ? t.f(2)
                  : std::isnan(t.f(2))                       ? t.f(1)
                  : std::signbit(t.f(1)) && t.f(1) == t.f(2) ? t.f(1)
                  : t.f(2) < t.f(1) || t.f(1) == t.f(2)      ? t.f(2)
                                                             : t.f(1);
       }},
      {"neg.f32", "ff", [](Access t) { t.f(0) = -t.f(1); }},
      {"abs.f32", "ff", [](Access t) { t.f(0) = std::abs(t.f(1)); }},
      {"add.f64", "ggg", [](Access t) { t.g(0) = t.g(1) + t.g(2); }},
      {"mul.f64", "ggg", [](Access t) { t.g(0) = t.g(1) * t.g(2); }},
      {"fma.rn.f64", "gggg", [](Access t) { t.g(0) = std::fma(t.g(1), t.g(2), t.g(3)); }},
      {"cvt.rn.f32.s32", "fw", [](Access t) { t.f(0) = static_cast<float>(s(t.w(1))); }},
      {"cvt.rzi.s32.f32", "wf", [](Access t) { t.w(0) = float_to_signed(t.f(1)); }},
      {"cvt.f64.f32", "gf", [](Access t) { t.g(0) = t.f(1); }},
      {"cvt.rn.f32.f64", "fg", [](Access t) { t.f(0) = static_cast<float>(t.g(1)); }},
      {"cvt.rn.f64.u32", "gw", [](Access t) { t.g(0) = t.w(1); }},
      {"cvt.rmi.f32.f32", "ff", [](Access t) { t.f(0) = std::floor(t.f(1)); }},
      {"cvt.s64.s32", "dw", [](Access t) { t.d(0) = static_cast<uint64_t>(int64_t{s(t.w(1))}); }},
      {"cvt.u32.u64", "wd", [](Access t) { t.w(0) = static_cast<uint32_t>(t.d(1) % 4294967296u); }},
      {"cvt.s32.s8", "ww", [](Access t) { t.w(0) = u(static_cast<int8_t>(t.w(1) % 256)); }},
      {"cvt.sat.u16.s32", "ww", [](Access t) { t.w(0) = u(std::clamp(s(t.w(1)), 0, 65535)); }},
      {"mov.b32", "wf", [](Access t) { std::memcpy(&t.w(0), &t.f(1), 4); }},
      {"mov.u32", "ww", [](Access t) { t.w(0) = t.w(1); }},
      {"setp.lt.s32", "pww", [](Access t) { t.p(0) = s(t.w(1)) < s(t.w(2)); }},
      {"setp.hs.u32", "pww", [](Access t) { t.p(0) = !(t.w(1) < t.w(2)); }},
      {"setp.ne.s64", "pdd", [](Access t) { t.p(0) = t.d(1) != t.d(2); }},
      {"setp.ge.f32", "pff", [](Access t) { t.p(0) = t.f(1) >= t.f(2); }},
      {"setp.ltu.f32", "pff", [](Access t) { t.p(0) = !(t.f(1) >= t.f(2)); }},
      {"setp.ne.f64", "pgg", [](Access t) { t.p(0) = t.g(1) < t.g(2) || t.g(1) > t.g(2); }},
      {"setp.nan.f32", "pff", [](Access t) { t.p(0) = std::isnan(t.f(1)) || std::isnan(t.f(2)); }},
      {"xor.pred", "ppp", [](Access t) { t.p(0) = t.p(1) != t.p(2); }},
      {"not.pred", "pp", [](Access t) { t.p(0) = !t.p(1); }},
      {"selp.b32", "wwwp", [](Access t) { t.w(0) = t.p(3) ? t.w(1) : t.w(2); }},
      {"selp.f64", "gggp", [](Access t) { t.g(0) = t.p(3) ? t.g(1) : t.g(2); }},
      {"slct.u32.s32", "wwww", [](Access t) { t.w(0) = s(t.w(3)) >= 0 ? t.w(1) : t.w(2); }},
  };
  return table;
}

std::size_t pool_size(char kind) {
  switch (kind) {
    case 'w': return 8;
    case 'f': return 6;
    default: return 4;
  }
}

std::string name_of(char kind, std::size_t index) {
  std::string name = "%";
  name += kind;
  return name += std::to_string(index);
}

// Instructions whose last operand is a number.
std::string literal_of(const Operation& operation) {
  const std::string ptx = operation.ptx;
  return ptx == "lop3.b32" ? ", " + std::to_string(0x96 ^ 0x28) : ptx == "bfi.b32" ? ", 7" : "";
}

class Writer {
 public:
  std::string write(const std::vector<RandomProgram::Statement>& block, const std::string& leave) {
    std::string text;
    for (const auto& statement : block) text += write(statement, leave);
    return text;
  }

 private:
  std::string label() {
    std::string name = "L";
    return name += std::to_string(labels_++);
  }

  std::string write(const RandomProgram::Statement& statement, const std::string& leave) {
    using Kind = RandomProgram::Statement::Kind;
    const std::string guard = statement.guard < 0 ? ""
                                                  : std::string("@") + (statement.negated ? "!" : "") + "%p" +
                                                        std::to_string(statement.guard) + " ";
    switch (statement.kind) {
      case Kind::operation: {
        const Operation& operation = operations()[statement.operation];
        std::string text = guard + operation.ptx;
        for (std::size_t i = 0; operation.kinds[i] != 0; ++i)
          text += (i == 0 ? " " : ", ") + name_of(operation.kinds[i], statement.registers[i]);
        return text + literal_of(operation) + ";\n";
      }
      case Kind::choice: {
        const std::string yes = label(), end = label();
        return guard + "bra " + yes + ";\n" + write(statement.otherwise, leave) + "bra " + end + ";\n" + yes +
               ":\n" + write(statement.body, leave) + end + ":\n";
      }
      case Kind::loop: {
        const std::string counter = "%n" + std::to_string(counters_++), begin = label(), end = label();
        return "and.b32 " + counter + ", %w" + std::to_string(statement.counter) + ", 3;\n" + begin +
               ":\nsetp.eq.u32 %q, " + counter + ", 0;\n@%q bra " + end + ";\nsub.u32 " + counter + ", " +
               counter + ", 1;\n" + write(statement.body, end) + "bra " + begin + ";\n" + end + ":\n";
      }
      case Kind::leave: return guard + "bra " + leave + ";\n";
    }
    return "";
  }

  int labels_ = 0, counters_ = 0;
};

// Float arithmetic returns one NaN only; neg and abs merely touch the sign bit.
void settle_nan(const Operation& operation, float& result) {
  const std::string_view ptx = operation.ptx;
  if (std::isnan(result) && !ptx.starts_with("neg") && !ptx.starts_with("abs"))
    result = std::bit_cast<float>(0x7fffffffu);
}

enum class Next { onwards, leave };

Next interpret(const std::vector<RandomProgram::Statement>& block, State& state) {
  using Kind = RandomProgram::Statement::Kind;
  for (const auto& statement : block) {
    const bool passes =
        statement.guard < 0 || state.holds[static_cast<std::size_t>(statement.guard)] != statement.negated;
    if (statement.kind == Kind::operation && passes) {
      const Operation& operation = operations()[statement.operation];
      operation.run({state, statement.registers});
      if (operation.kinds[0] == 'f') settle_nan(operation, state.real[statement.registers[0]]);
    } else if (statement.kind == Kind::choice) {
      if (interpret(passes ? statement.body : statement.otherwise, state) == Next::leave) return Next::leave;
    } else if (statement.kind == Kind::loop) {
      for (uint32_t left = state.word[statement.counter] % 4; left > 0; --left)
        if (interpret(statement.body, state) == Next::leave) break;
    } else if (statement.kind == Kind::leave && passes) {
      return Next::leave;
    }
  }
  return Next::onwards;
}

}  // namespace

RandomProgram::RandomProgram(uint64_t seed) : random_(seed) { program_ = block(3); }

std::vector<RandomProgram::Statement> RandomProgram::block(int depth) {
  std::vector<Statement> statements;
  const std::size_t size = 2 + random_() % 12;
  for (std::size_t i = 0; i < size; ++i) statements.push_back(statement(depth, loops_ > 0));
  return statements;
}

RandomProgram::Statement RandomProgram::statement(int depth, bool in_loop) {
  Statement made;
  const uint64_t draw = random_() % 20;
  made.negated = random_() % 2 == 0;
  if (depth > 0 && draw < 3) {
    made.kind = Statement::Kind::choice;
    made.guard = static_cast<int>(random_() % 4);
    made.body = block(depth - 1);
    made.otherwise = block(depth - 1);
  } else if (depth > 0 && draw < 5) {
    made.kind = Statement::Kind::loop;
    made.counter = random_() % 8;
    ++loops_;
    made.body = block(depth - 1);
    --loops_;
  } else if (in_loop && draw == 5) {
    made.kind = Statement::Kind::leave;
    made.guard = static_cast<int>(random_() % 4);
  } else {
    made.operation = random_() % operations().size();
    const char* kinds = operations()[made.operation].kinds;
    for (std::size_t i = 0; kinds[i] != 0; ++i) made.registers[i] = random_() % pool_size(kinds[i]);
    if (random_() % 4 == 0) made.guard = static_cast<int>(random_() % 4);
  }
  return made;
}

std::string RandomProgram::ptx() const {
  std::string text =
      ".visible .entry test(.param .u64 in, .param .u64 out)\n{\n.reg .b32 %w<8>, %n<400>, %r<4>; .reg .b64 "
      "%d<4>, %a<4>; "
      ".reg .f32 %f<6>; .reg .f64 %g<4>; .reg .pred %p<4>, %q;\nmov.u32 %r0, %tid.x; ld.param.u64 %a0, [in]; "
      "ld.param.u64 %a1, [out];\nmad.wide.u32 %a0, %r0, 4, %a0;\nmad.wide.u32 %a1, %r0, " +
      std::to_string(8 * ThreadState::slots) + ", %a1;\nld.global.u32 %r1, [%a0];\n";
  // The same start as in run().
  for (std::size_t i = 0; i < 8; ++i)
    text += "mad.lo.u32 " + name_of('w', i) + ", %r1, " + std::to_string(2654435761u * (i + 1)) + ", " +
            std::to_string(i) + ";\n";
  for (std::size_t i = 0; i < 4; ++i)
    text += "mul.wide.u32 " + name_of('d', i) + ", " + name_of('w', i) + ", " + name_of('w', i + 4) + ";\n";
  for (std::size_t i = 0; i < 6; ++i)
    text += "cvt.rn.f32.s32 " + name_of('f', i) + ", " + name_of('w', i) + ";\nmul.f32 " + name_of('f', i) +
            ", " + name_of('f', i) + ", 0f31000000;\n";
  for (std::size_t i = 0; i < 4; ++i)
    text += "cvt.f64.f32 " + name_of('g', i) + ", " + name_of('f', i) + ";\n";
  for (std::size_t i = 0; i < 4; ++i)
    text += "setp.lt.s32 " + name_of('p', i) + ", " + name_of('w', i) + ", 0;\n";
  text += Writer().write(program_, "");
  std::size_t slot = 0;
  const auto put = [&](const std::string& type, const std::string& value) {
    text += "st.global." + type + " [%a1+" + std::to_string(8 * slot++) + "], " + value + ";\n";
  };
  for (std::size_t i = 0; i < 8; ++i) put("b32", name_of('w', i));
  for (std::size_t i = 0; i < 4; ++i) put("b64", name_of('d', i));
  for (std::size_t i = 0; i < 6; ++i) put("f32", name_of('f', i));
  for (std::size_t i = 0; i < 4; ++i) put("f64", name_of('g', i));
  for (std::size_t i = 0; i < 4; ++i) {
    text += "selp.u32 %r2, 1, 0, " + name_of('p', i) + ";\n";
    put("b32", "%r2");
  }
  return text + "ret;\n}\n";
}

std::array<uint64_t, ThreadState::slots> RandomProgram::run(uint32_t input) const {
  State state;
  for (uint32_t i = 0; i < 8; ++i) state.word[i] = input * (2654435761u * (i + 1)) + i;
  for (std::size_t i = 0; i < 4; ++i) state.wide[i] = uint64_t{state.word[i]} * state.word[i + 4];
  for (std::size_t i = 0; i < 6; ++i) state.real[i] = static_cast<float>(s(state.word[i])) * 0x1p-29f;
  for (std::size_t i = 0; i < 4; ++i) state.twice[i] = state.real[i];
  for (std::size_t i = 0; i < 4; ++i) state.holds[i] = s(state.word[i]) < 0;
  interpret(program_, state);
  return state.bits();
}

std::array<uint64_t, ThreadState::slots> ThreadState::bits() const {
  std::array<uint64_t, slots> all{};
  std::size_t slot = 0;
  for (const uint32_t x : word) all[slot++] = x;
  for (const uint64_t x : wide) all[slot++] = x;
  for (const float x : real) all[slot++] = std::isnan(x) ? 0x7fffffffu : std::bit_cast<uint32_t>(x);
  for (const double x : twice) all[slot++] = std::isnan(x) ? 0x7fffffffffffffffu : std::bit_cast<uint64_t>(x);
  for (const bool x : holds) all[slot++] = x;
  return all;
}

}  // namespace masktwins::tests
