// mov and cvta (PTX ISA, "Data Movement and Conversion Instructions").
#include <chrono>

#include "kernels/emulator/instructions/lanewise.h"
#include "kernels/emulator/instructions/rules.h"
#include "kernels/emulator/memory/access.h"

namespace masktwins::emulator {
namespace {

// mov.b32 %r, {%rs1, %rs2}: the first element goes to the lowest bits.
Form pack(Decoder& decode, Type type) {
  const std::vector<ptx::Operand> parts = decode.list(1);
  const int width = size_of(type) / static_cast<int>(parts.size());
  const Type part_type = width == 1 ? Type::b8 : width == 2 ? Type::b16 : width == 4 ? Type::b32 : Type::b64;
  std::vector<Register> sources;
  for (const ptx::Operand& part : parts) sources.push_back(decode.wide_source(part, part_type));
  const Register out = decode.wide_destination(decode.operand(0));
  if (out.width != size_of(type)) decode.unsupported("the destination has the wrong size");
  return Action([=](Warp& warp) {
    for_each_lane(warp.active(), [&](int lane) {
      std::array<std::byte, 16> bytes;
      for (std::size_t i = 0; i < sources.size(); ++i)
        std::memcpy(bytes.data() + i * static_cast<std::size_t>(width), warp.lane(sources[i], lane),
                    static_cast<std::size_t>(width));
      std::memcpy(warp.lane(out, lane), bytes.data(), static_cast<std::size_t>(out.width));
    });
  });
}

Form unpack(Decoder& decode, Type type) {
  const std::vector<ptx::Operand> parts = decode.list(0);
  const int width = size_of(type) / static_cast<int>(parts.size());
  std::vector<std::optional<Register>> destinations;
  for (const ptx::Operand& part : parts) {
    if (decode.is_sink(part)) destinations.emplace_back();
    else destinations.emplace_back(decode.wide_destination(part));
  }
  const Register source = decode.wide_source(decode.operand(1), type);
  return Action([=](Warp& warp) {
    for_each_lane(warp.active(), [&](int lane) {
      std::array<std::byte, 16> bytes;
      std::memcpy(bytes.data(), warp.lane(source, lane), static_cast<std::size_t>(size_of(type)));
      for (std::size_t i = 0; i < destinations.size(); ++i) {
        if (!destinations[i]) continue;
        std::byte* out = warp.lane(*destinations[i], lane);
        std::memset(out, 0, static_cast<std::size_t>(destinations[i]->width));
        std::memcpy(out, bytes.data() + i * static_cast<std::size_t>(width), static_cast<std::size_t>(width));
      }
    });
  });
}

// %clock and %clock64 count nanoseconds here: they grow, which is all a kernel may rely on.
template <class T>
Form read_clock(Decoder& decode) {
  const auto out = decode.destination<T>(0);
  return Action([=](Warp& warp) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    const T ticks = static_cast<T>(std::chrono::nanoseconds(now).count());
    warp.write(out, [&](int) { return ticks; });
  });
}

Form move(Decoder& decode) {
  const Type type = decode.type();
  const ptx::Operand& to = decode.operand(0);
  const ptx::Operand& from = decode.operand(1);
  if (from.kind == ptx::Operand::Kind::list) return pack(decode, type);
  if (to.kind == ptx::Operand::Kind::list) return unpack(decode, type);
  if (type == Type::predicate) {
    const auto out = decode.predicate_destination(to.name);
    const PredicateSource source = decode.predicate(1);
    return Action([=](Warp& warp) {
      const Mask holds = warp.mask(source);
      warp.write(out, [&](int lane) { return contains(holds, lane) ? -1 : 0; });
    });
  }
  if (from.name == "%clock" || from.name == "%clock_hi") return read_clock<uint32_t>(decode);
  if (from.name == "%clock64" || from.name == "%globaltimer") return read_clock<uint64_t>(decode);
  return with_bits(decode, type, [&]<class T>() -> Form { return unary<T>(decode, [](T a) { return a; }); });
}

uint64_t window_of(Space space) {
  switch (space) {
    case Space::shared: return shared_window;
    case Space::local: return local_window;
    case Space::parameter: return parameter_window;
    default: return 0;  // global and constant addresses are generic already
  }
}

// cvta.shared turns an address of that space into a generic one, cvta.to.shared does the opposite.
Form convert_address(Decoder& decode) {
  const bool to_space = decode.flag("to");
  const uint64_t window = window_of(decode.space());
  const uint64_t offset = to_space ? 0 - window : window;
  if (size_of(decode.type()) != 8) decode.unsupported("addresses have 64 bits");
  return unary<uint64_t>(decode, [=](uint64_t address) { return address + offset; });
}

Form is_in_space(Decoder& decode) {
  Space wanted = decode.space();
  if (wanted == Space::constant) wanted = Space::global;
  const auto out = decode.predicate_destination(decode.name(0));
  const auto a = decode.source<uint64_t>(1);
  return Action([=](Warp& warp) {
    const uint64_t* address = warp.lanes(a);
    warp.write(out,
               [&](int lane) { return resolve(Space::generic, address[lane]).space == wanted ? -1 : 0; });
  });
}

}  // namespace

void add_move_rules(Rules& rules) {
  rules.add("mov", move);
  rules.add("cvta", convert_address);
  rules.add("isspacep", is_in_space);
}

}  // namespace masktwins::emulator
