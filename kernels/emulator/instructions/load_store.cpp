// ld and st (PTX ISA, "Data Movement and Conversion Instructions"). Cache and eviction hints change no
// result and are read over; so are memory orders, as blocks see each other's writes at once.
#include "kernels/emulator/instructions/rules.h"
#include "kernels/emulator/memory/access.h"

namespace masktwins::emulator {
namespace {

struct Access {
  Space space = Space::generic;
  Address address;
  Type type = Type::b32;
  std::vector<std::optional<Register>> elements;  // nothing for "_"

  int element_bytes() const { return size_of(type); }
  int bytes() const { return element_bytes() * static_cast<int>(elements.size()); }
};

void ignore_hints(Decoder& decode) {
  decode.ignore({"ca",
                 "cg",
                 "cs",
                 "cv",
                 "lu",
                 "wb",
                 "wt",
                 "nc",
                 "volatile",
                 "relaxed",
                 "acquire",
                 "release",
                 "weak",
                 "cta",
                 "cluster",
                 "gpu",
                 "sys",
                 "unified",
                 "L1::evict_normal",
                 "L1::evict_unchanged",
                 "L1::evict_first",
                 "L1::evict_last",
                 "L1::no_allocate",
                 "L2::64B",
                 "L2::128B",
                 "L2::256B",
                 "L2::cache_hint",
                 "mmio"});
}

Access read_access(Decoder& decode, std::size_t address, std::size_t value, bool load) {
  Access access;
  access.space = decode.space();
  ignore_hints(decode);
  std::size_t vector = 1;
  if (decode.flag("v2")) vector = 2;
  else if (decode.flag("v4")) vector = 4;
  else if (decode.flag("v8")) vector = 8;
  access.type = decode.type();
  access.address = decode.address(address, access.space);
  const std::vector<ptx::Operand> elements = decode.list(value);
  if (elements.size() != vector) decode.unsupported("the number of registers does not fit the vector");
  for (const ptx::Operand& element : elements) {
    if (load && decode.is_sink(element)) access.elements.emplace_back();
    else
      access.elements.emplace_back(load ? decode.wide_destination(element)
                                        : decode.wide_source(element, access.type));
  }
  return access;
}

bool sign_extends(Type type) { return type == Type::s8 || type == Type::s16 || type == Type::s32; }

// A register may be wider than the element: the rest is filled with its sign, or with zero.
void put(std::byte* lane, int width, const std::byte* memory, int bytes, bool with_sign) {
  if (width > bytes) {
    const bool negative = with_sign && (memory[bytes - 1] & std::byte{0x80}) != std::byte{0};
    std::memset(lane + bytes, negative ? 0xff : 0, static_cast<std::size_t>(width - bytes));
  }
  std::memcpy(lane, memory, static_cast<std::size_t>(bytes));
}

Form load(Decoder& decode) {
  const Access access = read_access(decode, 1, 0, true);
  const bool with_sign = sign_extends(access.type);
  return Action([=](Warp& warp) {
    const auto addresses = warp.addresses(access.address);
    const Mask active = warp.active();
    count_traffic(warp, access.space, addresses, access.bytes(), active);
    for_each_lane(active, [&](int lane) {
      const Location location = resolve(access.space, addresses[static_cast<std::size_t>(lane)]);
      const std::byte* memory = locate(warp, location, access.bytes(), lane, Use::read);
      if (memory == nullptr) return;
      for (std::size_t i = 0; i < access.elements.size(); ++i)
        if (access.elements[i])
          put(warp.lane(*access.elements[i], lane), access.elements[i]->width,
              memory + i * static_cast<std::size_t>(access.element_bytes()), access.element_bytes(),
              with_sign);
    });
  });
}

Form store(Decoder& decode) {
  const Access access = read_access(decode, 0, 1, false);
  const std::size_t bytes = static_cast<std::size_t>(access.element_bytes());
  return Action([=](Warp& warp) {
    const auto addresses = warp.addresses(access.address);
    const Mask active = warp.active();
    count_traffic(warp, access.space, addresses, access.bytes(), active);
    for_each_lane(active, [&](int lane) {
      const Location location = resolve(access.space, addresses[static_cast<std::size_t>(lane)]);
      std::byte* memory = locate(warp, location, access.bytes(), lane, Use::write);
      if (memory == nullptr) return;
      for (std::size_t i = 0; i < access.elements.size(); ++i)
        std::memcpy(memory + i * bytes, warp.lane(*access.elements[i], lane), bytes);
    });
  });
}

Form no_effect(Decoder& decode) {
  ignore_hints(decode);
  decode.space();
  decode.ignore({"L1", "L2", "L2::evict_last", "L2::evict_normal", "tensormap"});
  return Action([](Warp&) {});
}

// A policy only guides caches: any value will do for ld and st with .L2::cache_hint.
Form create_policy(Decoder& decode) {
  decode.ignore(
      {"fractional", "L2::evict_last", "L2::evict_normal", "L2::evict_first", "L2::evict_unchanged"});
  decode.type();
  const auto out = decode.destination<uint64_t>(0);
  return Action([=](Warp& warp) { warp.write(out, [](int) { return uint64_t{0}; }); });
}

}  // namespace

void add_memory_rules(Rules& rules) {
  rules.add("ld", load);
  rules.add("ldu", load);
  rules.add("st", store);
  rules.add("prefetch", no_effect);
  rules.add("prefetchu", no_effect);
  rules.add("applypriority", no_effect);
  rules.add("createpolicy", create_policy);
}

}  // namespace masktwins::emulator
