// atom and red (PTX ISA, "Parallel Synchronization and Communication Instructions").
#include <algorithm>
#include <mutex>

#include "kernels/emulator/instructions/half_numbers.h"
#include "kernels/emulator/instructions/rules.h"
#include "kernels/emulator/memory/access.h"

namespace masktwins::emulator {
namespace {

enum class Operation {
  add,
  minimum,
  maximum,
  exchange,
  compare_swap,
  conjunction,
  disjunction,
  difference,
  increment,
  decrement
};

// Blocks run on several threads: an update of global memory holds the lock of its address.
std::mutex& lock_of(uint64_t address) {
  static std::array<std::mutex, 64> locks;
  return locks[address / 64 % locks.size()];
}

template <class H>
uint16_t add_halves(uint16_t a, uint16_t b) {
  return H::from(add_to_odd(widen(H{a}), widen(H{b}))).bits;
}
template <class H>
uint32_t add_pairs(uint32_t a, uint32_t b) {
  const auto part = [&](int shift) {
    return static_cast<uint32_t>(
               add_halves<H>(static_cast<uint16_t>(a >> shift), static_cast<uint16_t>(b >> shift)))
           << shift;
  };
  return part(0) | part(16);
}

template <class T>
using Update = T (*)(T old, T operand, T replacement);

template <class T>
Update<T> integer_update(Decoder& decode, Operation operation) {
  switch (operation) {
    case Operation::add: return [](T old, T b, T) { return static_cast<T>(old + b); };
    case Operation::minimum: return [](T old, T b, T) { return std::min(old, b); };
    case Operation::maximum: return [](T old, T b, T) { return std::max(old, b); };
    case Operation::exchange: return [](T, T b, T) { return b; };
    case Operation::compare_swap: return [](T old, T b, T c) { return old == b ? c : old; };
    case Operation::conjunction: return [](T old, T b, T) { return static_cast<T>(old & b); };
    case Operation::disjunction: return [](T old, T b, T) { return static_cast<T>(old | b); };
    case Operation::difference: return [](T old, T b, T) { return static_cast<T>(old ^ b); };
    case Operation::increment: return [](T old, T b, T) { return old >= b ? T{0} : static_cast<T>(old + 1); };
    case Operation::decrement:
      return [](T old, T b, T) { return old == 0 || old > b ? b : static_cast<T>(old - 1); };
  }
  decode.unsupported("this operation is not known");
}

// `is_lock`: an operation that locks are made of.
template <class T>
Form update_memory(Decoder& decode, bool returns, Space space, Update<T> update, bool with_replacement,
                   bool is_lock) {
  const std::size_t base = returns ? 1 : 0;
  const Address address = decode.address(base, space);
  const auto b = decode.source<T>(base + 1);
  const auto c = with_replacement ? decode.source<T>(base + 2) : b;
  const bool writes = returns && !decode.is_sink(decode.operand(0));
  const auto out = writes ? decode.destination<T>(0) : Destination<T>();
  return Action([=](Warp& warp) {
    const auto addresses = warp.addresses(address);
    const Mask active = warp.active();
    count_traffic(warp, space, addresses, sizeof(T), active);
    const T *operand = warp.lanes(b), *replacement = warp.lanes(c);
    std::array<T, warp_size> before{};
    bool changed = false;
    for_each_lane(active, [&](int lane) {
      const Location location = resolve(space, addresses[static_cast<std::size_t>(lane)]);
      std::byte* memory = locate(warp, location, sizeof(T), lane, Use::atomic);
      if (memory == nullptr) return;
      std::unique_lock<std::mutex> lock;
      if (location.space == Space::global) lock = std::unique_lock(lock_of(location.address));
      T old;
      std::memcpy(&old, memory, sizeof old);
      const T updated = update(old, operand[lane], replacement[lane]);
      std::memcpy(memory, &updated, sizeof updated);
      before[static_cast<std::size_t>(lane)] = old;
      if constexpr (std::is_integral_v<T>)
        if (is_lock && updated != old) {
          changed = true;
          warp.note_change(addresses[static_cast<std::size_t>(lane)], static_cast<uint64_t>(updated));
        }
    });
    if constexpr (std::is_integral_v<T>)
      if (is_lock && !changed) {
        const auto lane = static_cast<std::size_t>(first(active));
        warp.note_vain_try(addresses[lane], static_cast<uint64_t>(before[lane]));
      }
    if (writes) warp.write(out, [&](int lane) { return before[static_cast<std::size_t>(lane)]; });
  });
}

Form atomic(Decoder& decode, bool returns) {
  const Operation operation = decode.choose<Operation>({{"add", Operation::add},
                                                        {"min", Operation::minimum},
                                                        {"max", Operation::maximum},
                                                        {"exch", Operation::exchange},
                                                        {"cas", Operation::compare_swap},
                                                        {"and", Operation::conjunction},
                                                        {"or", Operation::disjunction},
                                                        {"xor", Operation::difference},
                                                        {"inc", Operation::increment},
                                                        {"dec", Operation::decrement}});
  decode.ignore({"relaxed", "acquire", "release", "acq_rel", "cta", "cluster", "gpu", "sys", "noftz"});
  const Space space = decode.space();
  const Type type = decode.type();
  const bool swap = operation == Operation::compare_swap;
  const auto integer = [&]<class T>() {
    return update_memory<T>(decode, returns, space, integer_update<T>(decode, operation), swap,
                            swap || operation == Operation::exchange);
  };
  const auto add_only = [&]<class T>(Update<T> add) {
    if (operation != Operation::add) decode.unsupported("only add is known for this type");
    return update_memory<T>(decode, returns, space, add, false, false);
  };
  switch (type) {
    case Type::b16:
    case Type::u16: return integer.template operator()<uint16_t>();
    case Type::b32:
    case Type::u32: return integer.template operator()<uint32_t>();
    case Type::s32: return integer.template operator()<int32_t>();
    case Type::b64:
    case Type::u64: return integer.template operator()<uint64_t>();
    case Type::s64: return integer.template operator()<int64_t>();
    case Type::f32:
      return add_only.template operator()<float>([](float old, float b, float) { return old + b; });
    case Type::f64:
      return add_only.template operator()<double>([](double old, double b, double) { return old + b; });
    case Type::f16:
      return add_only.template operator()<uint16_t>(
          [](uint16_t old, uint16_t b, uint16_t) { return add_halves<Half>(old, b); });
    case Type::bf16:
      return add_only.template operator()<uint16_t>(
          [](uint16_t old, uint16_t b, uint16_t) { return add_halves<Brain>(old, b); });
    case Type::f16x2:
      return add_only.template operator()<uint32_t>(
          [](uint32_t old, uint32_t b, uint32_t) { return add_pairs<Half>(old, b); });
    case Type::bf16x2:
      return add_only.template operator()<uint32_t>(
          [](uint32_t old, uint32_t b, uint32_t) { return add_pairs<Brain>(old, b); });
    default: decode.unsupported("this type is not known here");
  }
}

Form atom(Decoder& decode) { return atomic(decode, true); }
Form red(Decoder& decode) { return atomic(decode, false); }

}  // namespace

void add_atomic_rules(Rules& rules) {
  rules.add("atom", atom);
  rules.add("red", red);
}

}  // namespace masktwins::emulator
