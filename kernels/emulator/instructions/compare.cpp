// Comparison and selection (PTX ISA, "Comparison and Selection Instructions").
#include <cfloat>

#include "kernels/emulator/instructions/half_numbers.h"
#include "kernels/emulator/instructions/lanewise.h"
#include "kernels/emulator/instructions/rules.h"

namespace masktwins::emulator {
namespace {

enum class Relation { equal, not_equal, less, less_equal, greater, greater_equal, number, nan };

struct Comparison {
  Relation relation = Relation::equal;
  bool unordered = false;  // true as well if an operand is NaN
};

Comparison read_comparison(Decoder& decode) {
  return decode.choose<Comparison>({{"eq", {Relation::equal, false}},
                                    {"ne", {Relation::not_equal, false}},
                                    {"lt", {Relation::less, false}},
                                    {"le", {Relation::less_equal, false}},
                                    {"gt", {Relation::greater, false}},
                                    {"ge", {Relation::greater_equal, false}},
                                    {"lo", {Relation::less, false}},
                                    {"ls", {Relation::less_equal, false}},
                                    {"hi", {Relation::greater, false}},
                                    {"hs", {Relation::greater_equal, false}},
                                    {"equ", {Relation::equal, true}},
                                    {"neu", {Relation::not_equal, true}},
                                    {"ltu", {Relation::less, true}},
                                    {"leu", {Relation::less_equal, true}},
                                    {"gtu", {Relation::greater, true}},
                                    {"geu", {Relation::greater_equal, true}},
                                    {"num", {Relation::number, false}},
                                    {"nan", {Relation::nan, false}}});
}

// Does the relation hold in each lane? All lanes are answered, active or not.
using Lanes = std::array<int32_t, warp_size>;
using Test = std::function<void(Warp&, Lanes&)>;

template <class T, class Compare>
Test lane_test(Source<T> a, Source<T> b, Compare compare) {
  return [=](Warp& warp, Lanes& holds) {
    const T *x = warp.lanes(a), *y = warp.lanes(b);
    for (int lane = 0; lane < warp_size; ++lane)
      holds[static_cast<std::size_t>(lane)] = compare(x[lane], y[lane]) ? -1 : 0;
  };
}

template <class T>
Test integer_test(Decoder& decode, Relation relation) {
  const auto a = decode.source<T>(1), b = decode.source<T>(2);
  switch (relation) {
    case Relation::equal: return lane_test(a, b, [](T x, T y) { return x == y; });
    case Relation::not_equal: return lane_test(a, b, [](T x, T y) { return x != y; });
    case Relation::less: return lane_test(a, b, [](T x, T y) { return x < y; });
    case Relation::less_equal: return lane_test(a, b, [](T x, T y) { return x <= y; });
    case Relation::greater: return lane_test(a, b, [](T x, T y) { return x > y; });
    case Relation::greater_equal: return lane_test(a, b, [](T x, T y) { return x >= y; });
    default: decode.unsupported("integers are always numbers");
  }
}

// `value` turns a lane's bits into a float or double.
template <class T, class Value>
Test real_test(Source<T> a, Source<T> b, Comparison comparison, Value value) {
  const bool unordered = comparison.unordered;
  const auto with = [&](auto compare) {
    return lane_test(a, b, [=](T first, T second) {
      const auto x = value(first), y = value(second);
      const bool nan = x != x || y != y;
      return nan ? unordered : compare(x, y);
    });
  };
  switch (comparison.relation) {
    case Relation::equal: return with([](auto x, auto y) { return x == y; });
    case Relation::not_equal: return with([](auto x, auto y) { return x != y; });
    case Relation::less: return with([](auto x, auto y) { return x < y; });
    case Relation::less_equal: return with([](auto x, auto y) { return x <= y; });
    case Relation::greater: return with([](auto x, auto y) { return x > y; });
    case Relation::greater_equal: return with([](auto x, auto y) { return x >= y; });
    case Relation::number: return with([](auto, auto) { return true; });
    case Relation::nan:
      return lane_test(a, b, [=](T first, T second) {
        const auto x = value(first), y = value(second);
        return x != x || y != y;
      });
  }
  return {};
}

Test read_test(Decoder& decode, Comparison comparison, bool flush, Type type) {
  switch (type) {
    case Type::f32:
      return real_test(decode.source<float>(1), decode.source<float>(2), comparison,
                       [=](float x) { return flush && std::fabs(x) < FLT_MIN ? 0.f : x; });
    case Type::f64:
      return real_test(decode.source<double>(1), decode.source<double>(2), comparison,
                       [](double x) { return x; });
    case Type::f16:
      return real_test(decode.source<uint16_t>(1), decode.source<uint16_t>(2), comparison,
                       [](uint16_t x) { return widen(Half{x}); });
    case Type::bf16:
      return real_test(decode.source<uint16_t>(1), decode.source<uint16_t>(2), comparison,
                       [](uint16_t x) { return widen(Brain{x}); });
    case Type::b16:
    case Type::u16: return integer_test<uint16_t>(decode, comparison.relation);
    case Type::s16: return integer_test<int16_t>(decode, comparison.relation);
    case Type::b32:
    case Type::u32: return integer_test<uint32_t>(decode, comparison.relation);
    case Type::s32: return integer_test<int32_t>(decode, comparison.relation);
    case Type::b64:
    case Type::u64: return integer_test<uint64_t>(decode, comparison.relation);
    case Type::s64: return integer_test<int64_t>(decode, comparison.relation);
    default: decode.unsupported("this type is not known here");
  }
}

// Pairs of halves: the lower or the upper one.
Test read_half_test(Decoder& decode, Comparison comparison, Type type, int shift) {
  const auto a = decode.source<uint32_t>(1), b = decode.source<uint32_t>(2);
  if (type == Type::f16x2)
    return real_test(a, b, comparison,
                     [=](uint32_t x) { return widen(Half{static_cast<uint16_t>(x >> shift)}); });
  return real_test(a, b, comparison,
                   [=](uint32_t x) { return widen(Brain{static_cast<uint16_t>(x >> shift)}); });
}

// .and, .or, .xor with a further predicate.
enum class Combine { nothing, conjunction, disjunction, difference };

Combine read_combine(Decoder& decode) {
  if (decode.flag("and")) return Combine::conjunction;
  if (decode.flag("or")) return Combine::disjunction;
  if (decode.flag("xor")) return Combine::difference;
  return Combine::nothing;
}

int32_t combined(Combine combine, int32_t result, int32_t other) {
  switch (combine) {
    case Combine::conjunction: return result & other;
    case Combine::disjunction: return result | other;
    case Combine::difference: return result ^ other;
    default: return result;
  }
}

void write_predicate(Warp& warp, PredicateDestination out, const Lanes& holds, int32_t flip, Combine combine,
                     PredicateSource other) {
  if (combine == Combine::nothing) {
    warp.write(out, [&](int lane) { return holds[static_cast<std::size_t>(lane)] ^ flip; });
    return;
  }
  const Mask others = warp.mask(other);
  warp.write(out, [&](int lane) {
    return combined(combine, holds[static_cast<std::size_t>(lane)] ^ flip, contains(others, lane) ? -1 : 0);
  });
}

// setp.lt.and.s32 p|q, a, b, c:  p = (a < b) and c,  q = !(a < b) and c.  On pairs of halves p belongs to the
// lower and q to the upper one.
Form set_predicate(Decoder& decode) {
  const Comparison comparison = read_comparison(decode);
  const Combine combine = read_combine(decode);
  const bool flush = decode.flag("ftz");
  const Type type = decode.type();
  const bool pair = type == Type::f16x2 || type == Type::bf16x2;
  const PredicateSource other = combine == Combine::nothing ? PredicateSource() : decode.predicate(3);
  const std::string& first_name = decode.operand(0).name;
  const std::string& second_name = decode.operand(0).second_name;
  const bool has_first = first_name != "_", has_second = !second_name.empty() && second_name != "_";
  const auto p = has_first ? decode.predicate_destination(first_name) : PredicateDestination();
  const auto q = has_second ? decode.predicate_destination(second_name) : PredicateDestination();
  const Test test =
      pair ? read_half_test(decode, comparison, type, 0) : read_test(decode, comparison, flush, type);
  const Test upper = pair ? read_half_test(decode, comparison, type, 16) : Test();
  return Action([=](Warp& warp) {
    alignas(64) Lanes holds, upper_holds;
    test(warp, holds);
    if (upper) upper(warp, upper_holds);
    if (has_first) write_predicate(warp, p, holds, 0, combine, other);
    if (!has_second) return;
    if (upper) write_predicate(warp, q, upper_holds, 0, combine, other);
    else write_predicate(warp, q, holds, -1, combine, other);
  });
}

// set: the result is 1.0 in floating types, all ones in integer types.
Form set(Decoder& decode) {
  const Comparison comparison = read_comparison(decode);
  const Combine combine = read_combine(decode);
  const bool flush = decode.flag("ftz");
  const Type result = decode.type(), type = decode.type();
  const PredicateSource other = combine == Combine::nothing ? PredicateSource() : decode.predicate(3);
  const auto value_in = [](Type into) -> uint32_t {
    switch (into) {
      case Type::f32: return 0x3f800000u;
      case Type::f16:
      case Type::f16x2: return 0x3c00u;
      case Type::bf16:
      case Type::bf16x2: return 0x3f80u;
      default: return 0xffffffffu;
    }
  };
  const uint32_t yes = value_in(result);
  const auto answer = [=](Warp& warp, const Test& test) {
    alignas(64) Lanes holds;
    test(warp, holds);
    const Mask others = combine == Combine::nothing ? 0 : warp.mask(other);
    std::array<uint32_t, warp_size> answers;
    for (std::size_t lane = 0; lane < warp_size; ++lane)
      answers[lane] =
          combined(combine, holds[lane], contains(others, static_cast<int>(lane)) ? -1 : 0) != 0 ? yes : 0;
    return answers;
  };
  if (type == Type::f16x2 || type == Type::bf16x2) {
    const auto out = decode.destination<uint32_t>(0);
    const Test lower = read_half_test(decode, comparison, type, 0),
               upper = read_half_test(decode, comparison, type, 16);
    return Action([=](Warp& warp) {
      const auto low = answer(warp, lower), high = answer(warp, upper);
      warp.write(out, [&](int lane) {
        const std::size_t i = static_cast<std::size_t>(lane);
        return (low[i] & 0xffffu) | high[i] << 16;
      });
    });
  }
  const Test test = read_test(decode, comparison, flush, type);
  if (size_of(result) == 2) {
    const auto out = decode.destination<uint16_t>(0);
    return Action([=](Warp& warp) {
      const auto answers = answer(warp, test);
      warp.write(out,
                 [&](int lane) { return static_cast<uint16_t>(answers[static_cast<std::size_t>(lane)]); });
    });
  }
  const auto out = decode.destination<uint32_t>(0);
  return Action([=](Warp& warp) {
    const auto answers = answer(warp, test);
    warp.write(out, [&](int lane) { return answers[static_cast<std::size_t>(lane)]; });
  });
}

Form select(Decoder& decode) {  // p ? a : b
  const Type type = decode.type();
  return with_bits(decode, type, [&]<class T>() -> Form {
    const auto out = decode.destination<T>(0);
    const auto a = decode.source<T>(1), b = decode.source<T>(2);
    const PredicateSource p = decode.predicate(3);
    return Action([=](Warp& warp) {
      const T *x = warp.lanes(a), *y = warp.lanes(b);
      const int32_t* holds = warp.lanes(Source<int32_t>{p.offset});
      const bool negated = p.negated;
      warp.write(out, [&](int lane) { return (holds[lane] != 0) != negated ? x[lane] : y[lane]; });
    });
  });
}

// slct: c >= 0 ? a : b
template <class C>
Form select_by_sign(Decoder& decode, Type type) {
  return with_bits(decode, type, [&]<class T>() -> Form {
    const auto out = decode.destination<T>(0);
    const auto a = decode.source<T>(1), b = decode.source<T>(2);
    const auto c = decode.source<C>(3);
    return Action([=](Warp& warp) {
      const T *x = warp.lanes(a), *y = warp.lanes(b);
      const C* sign = warp.lanes(c);
      warp.write(out, [&](int lane) { return sign[lane] >= 0 ? x[lane] : y[lane]; });
    });
  });
}

Form select_sign(Decoder& decode) {
  decode.ignore({"ftz"});
  const Type type = decode.type();
  switch (decode.type()) {
    case Type::s32: return select_by_sign<int32_t>(decode, type);
    case Type::f32: return select_by_sign<float>(decode, type);
    default: decode.unsupported("the selector must be s32 or f32");
  }
}

// testp: asks what kind of number a is.
template <class T>
Form test_number(Decoder& decode, int kind) {
  const auto out = decode.predicate_destination(decode.name(0));
  const auto a = decode.source<T>(1);
  return Action([=](Warp& warp) {
    const T* x = warp.lanes(a);
    warp.write(out, [&](int lane) {
      const int number = std::fpclassify(x[lane]);
      const bool yes = kind == 0   ? std::isfinite(x[lane])
                       : kind == 1 ? number == FP_INFINITE
                       : kind == 2 ? number != FP_NAN
                       : kind == 3 ? number == FP_NAN
                       : kind == 4 ? number == FP_NORMAL
                                   : number == FP_SUBNORMAL;
      return yes ? -1 : 0;
    });
  });
}

Form test_property(Decoder& decode) {
  const int kind = decode.choose<int>(
      {{"finite", 0}, {"infinite", 1}, {"number", 2}, {"notanumber", 3}, {"normal", 4}, {"subnormal", 5}});
  return decode.type() == Type::f64 ? test_number<double>(decode, kind) : test_number<float>(decode, kind);
}

}  // namespace

void add_compare_rules(Rules& rules) {
  rules.add("setp", set_predicate);
  rules.add("set", set);
  rules.add("selp", select);
  rules.add("slct", select_sign);
  rules.add("testp", test_property);
}

}  // namespace masktwins::emulator
