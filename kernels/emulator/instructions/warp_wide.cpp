// Instructions in which the lanes of a warp exchange values (PTX ISA, "shfl.sync", "vote.sync", "match.sync",
// "activemask", "redux.sync", "elect.sync").
#include <algorithm>

#include "kernels/emulator/instructions/lanewise.h"
#include "kernels/emulator/instructions/members.h"
#include "kernels/emulator/instructions/rules.h"
#include "kernels/emulator/machine/block.h"

namespace masktwins::emulator {
namespace {

enum class Shuffle { up, down, butterfly, index };

// shfl.sync.mode.b32 d|p, a, b, c, members. c holds the segment mask in bits 8 to 12 and the clamp below.
Form shuffle(Decoder& decode) {
  if (!decode.flag("sync")) decode.unsupported("only .sync shuffles are known");
  const Shuffle mode = decode.choose<Shuffle>(
      {{"up", Shuffle::up}, {"down", Shuffle::down}, {"bfly", Shuffle::butterfly}, {"idx", Shuffle::index}});
  decode.type();
  const auto out = decode.destination<uint32_t>(0);
  const bool has_valid = !decode.operand(0).second_name.empty();
  const auto valid =
      has_valid ? decode.predicate_destination(decode.operand(0).second_name) : PredicateDestination();
  const auto a = decode.source<uint32_t>(1), b = decode.source<uint32_t>(2), c = decode.source<uint32_t>(3);
  const auto members = decode.source<uint32_t>(4);
  return Action([=](Warp& warp) {
    check_members(warp, members);
    const uint32_t *value = warp.lanes(a), *offset = warp.lanes(b), *control = warp.lanes(c);
    std::array<uint32_t, warp_size> result;
    Mask in_range = 0;
    for (int lane = 0; lane < warp_size; ++lane) {
      const int n = static_cast<int>(offset[lane] & 31u), clamp = static_cast<int>(control[lane] & 31u);
      const int segment = static_cast<int>(control[lane] >> 8 & 31u);
      const int lowest = lane & segment, highest = lowest | (clamp & ~segment);
      int from = lane;
      bool ok = false;
      switch (mode) {
        case Shuffle::up:
          from = lane - n;
          ok = from >= highest;
          break;  // the clamp is the lower bound here
        case Shuffle::down:
          from = lane + n;
          ok = from <= highest;
          break;
        case Shuffle::butterfly:
          from = lane ^ n;
          ok = from <= highest;
          break;
        case Shuffle::index:
          from = lowest | (n & ~segment);
          ok = from <= highest;
          break;
      }
      if (!ok) from = lane;
      if (ok) in_range |= Mask{1} << lane;
      if (warp.block().checks() && ok && contains(warp.active(), lane) && !contains(warp.active(), from))
        warp.report(FindingKind::warp_mask, lane,
                    "shuffles from lane " + std::to_string(from) + ", which is not active");
      result[static_cast<std::size_t>(lane)] = value[from];
    }
    warp.write(out, [&](int lane) { return result[static_cast<std::size_t>(lane)]; });
    if (has_valid) warp.write(valid, [&](int lane) { return contains(in_range, lane) ? -1 : 0; });
  });
}

Form vote(Decoder& decode) {
  if (!decode.flag("sync")) decode.unsupported("only .sync votes are known");
  enum class Kind { all, any, uniform, ballot };
  const Kind kind = decode.choose<Kind>(
      {{"all", Kind::all}, {"any", Kind::any}, {"uni", Kind::uniform}, {"ballot", Kind::ballot}});
  decode.type();
  const PredicateSource predicate = decode.predicate(1);
  const auto members = decode.source<uint32_t>(2);
  if (kind == Kind::ballot) {
    const auto out = decode.destination<uint32_t>(0);
    return Action([=](Warp& warp) {
      check_members(warp, members);
      const Mask holds = warp.mask(predicate) & warp.active();
      const uint32_t* group = warp.lanes(members);
      warp.write(out, [&](int lane) { return holds & group[lane]; });
    });
  }
  const auto out = decode.predicate_destination(decode.name(0));
  return Action([=](Warp& warp) {
    check_members(warp, members);
    const Mask holds = warp.mask(predicate), active = warp.active();
    const uint32_t* group = warp.lanes(members);
    warp.write(out, [&](int lane) {
      const Mask here = group[lane] & active, yes = holds & here;
      const bool result = kind == Kind::any   ? yes != 0
                          : kind == Kind::all ? yes == here
                                              : yes == 0 || yes == here;
      return result ? -1 : 0;
    });
  });
}

// match.any: which members hold my value; match.all: everybody if all hold the same, with a predicate.
template <class T>
Form match_values(Decoder& decode, bool all) {
  const auto out = decode.destination<uint32_t>(0);
  const bool has_same = !decode.operand(0).second_name.empty();
  const auto same =
      has_same ? decode.predicate_destination(decode.operand(0).second_name) : PredicateDestination();
  const auto a = decode.source<T>(1);
  const auto members = decode.source<uint32_t>(2);
  return Action([=](Warp& warp) {
    check_members(warp, members);
    const T* value = warp.lanes(a);
    const uint32_t* group = warp.lanes(members);
    std::array<Mask, warp_size> equal{};
    Mask complete = 0;
    for_each_lane(warp.active(), [&](int lane) {
      const Mask here = group[lane] & warp.active();
      Mask& found = equal[static_cast<std::size_t>(lane)];
      for_each_lane(here, [&](int other) { found |= value[other] == value[lane] ? Mask{1} << other : 0; });
      if (found == here) complete |= Mask{1} << lane;
      else if (all) found = 0;
    });
    warp.write(out, [&](int lane) { return equal[static_cast<std::size_t>(lane)]; });
    if (has_same) warp.write(same, [&](int lane) { return contains(complete, lane) ? -1 : 0; });
  });
}

Form match(Decoder& decode) {
  const bool all = decode.flag("all");
  if (!all && !decode.flag("any")) decode.unsupported("one of .all and .any is needed");
  if (!decode.flag("sync")) decode.unsupported("only .sync matches are known");
  if (size_of(decode.type()) == 8) return match_values<uint64_t>(decode, all);
  return match_values<uint32_t>(decode, all);
}

template <class T, class Fold>
Form reduce_values(Decoder& decode, Fold fold) {
  const auto out = decode.destination<T>(0);
  const auto a = decode.source<T>(1);
  const auto members = decode.source<uint32_t>(2);
  return Action([=](Warp& warp) {
    check_members(warp, members);
    const T* value = warp.lanes(a);
    const uint32_t* group = warp.lanes(members);
    std::array<T, warp_size> result{};
    for_each_lane(warp.active(), [&](int lane) {
      const Mask here = group[lane] & warp.active();
      T folded = value[lane];
      for_each_lane(here & ~(Mask{1} << lane), [&](int other) { folded = fold(folded, value[other]); });
      result[static_cast<std::size_t>(lane)] = folded;
    });
    warp.write(out, [&](int lane) { return result[static_cast<std::size_t>(lane)]; });
  });
}

template <class T>
Form reduce_integers(Decoder& decode) {
  if (decode.flag("add")) return reduce_values<T>(decode, [](T a, T b) { return static_cast<T>(a + b); });
  if (decode.flag("min")) return reduce_values<T>(decode, [](T a, T b) { return std::min(a, b); });
  if (decode.flag("max")) return reduce_values<T>(decode, [](T a, T b) { return std::max(a, b); });
  if (decode.flag("and")) return reduce_values<T>(decode, [](T a, T b) { return a & b; });
  if (decode.flag("or")) return reduce_values<T>(decode, [](T a, T b) { return a | b; });
  if (decode.flag("xor")) return reduce_values<T>(decode, [](T a, T b) { return a ^ b; });
  decode.unsupported("this operation is not known");
}

Form reduce(Decoder& decode) {
  if (!decode.flag("sync")) decode.unsupported("only .sync reductions are known");
  switch (decode.type()) {
    case Type::s32: return reduce_integers<int32_t>(decode);
    case Type::u32:
    case Type::b32: return reduce_integers<uint32_t>(decode);
    default: decode.unsupported("this type is not known here");
  }
}

Form active_mask(Decoder& decode) {
  decode.type();
  const auto out = decode.destination<uint32_t>(0);
  return Action([=](Warp& warp) {
    const Mask active = warp.active();
    warp.write(out, [&](int) { return active; });
  });
}

Form elect(Decoder& decode) {  // the lowest member
  if (!decode.flag("sync")) decode.unsupported("only .sync is known");
  const ptx::Operand& results = decode.operand(0);
  const bool has_lane = results.name != "_";
  const auto out = has_lane ? decode.destination<uint32_t>(results) : Destination<uint32_t>();
  const auto chosen = decode.predicate_destination(results.second_name);
  const auto members = decode.source<uint32_t>(1);
  return Action([=](Warp& warp) {
    check_members(warp, members);
    const uint32_t* group = warp.lanes(members);
    const Mask active = warp.active();
    const auto leader = [&](int lane) { return first(group[lane] & active); };
    if (has_lane) warp.write(out, [&](int lane) { return static_cast<uint32_t>(leader(lane)); });
    warp.write(chosen, [&](int lane) { return leader(lane) == lane ? -1 : 0; });
  });
}

}  // namespace

void add_warp_rules(Rules& rules) {
  rules.add("shfl", shuffle);
  rules.add("vote", vote);
  rules.add("match", match);
  rules.add("redux", reduce);
  rules.add("activemask", active_mask);
  rules.add("elect", elect);
}

}  // namespace masktwins::emulator
