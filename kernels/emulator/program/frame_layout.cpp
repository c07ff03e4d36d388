#include "kernels/emulator/program/frame_layout.h"

#include <cctype>
#include <cstring>

#include "kernels/emulator/machine/lanes.h"

namespace masktwins::emulator {
namespace {

// Registers of 8 bits are kept in 16, as instructions that use them always say how wide they read.
int width_of(Type type) {
  const int bytes = size_of(type);
  return bytes < 2 ? 2 : bytes;
}

const std::unordered_map<std::string, FrameValue::Kind>& specials() {
  using Kind = FrameValue::Kind;
  static const std::unordered_map<std::string, Kind> table = {
      {"%tid.x", Kind::tid_x},
      {"%tid.y", Kind::tid_y},
      {"%tid.z", Kind::tid_z},
      {"%ntid.x", Kind::ntid_x},
      {"%ntid.y", Kind::ntid_y},
      {"%ntid.z", Kind::ntid_z},
      {"%ctaid.x", Kind::ctaid_x},
      {"%ctaid.y", Kind::ctaid_y},
      {"%ctaid.z", Kind::ctaid_z},
      {"%nctaid.x", Kind::nctaid_x},
      {"%nctaid.y", Kind::nctaid_y},
      {"%nctaid.z", Kind::nctaid_z},
      {"%laneid", Kind::lane},
      {"%warpid", Kind::warp},
      {"%nwarpid", Kind::warps},
      {"%smid", Kind::sm},
      {"%nsmid", Kind::sms},
      {"%gridid", Kind::grid},
      {"%envreg1", Kind::grid_workspace_high},
      {"%envreg2", Kind::grid_workspace_low},
      {"%lanemask_eq", Kind::lanemask_eq},
      {"%lanemask_lt", Kind::lanemask_lt},
      {"%lanemask_le", Kind::lanemask_le},
      {"%lanemask_gt", Kind::lanemask_gt},
      {"%lanemask_ge", Kind::lanemask_ge},
      {"%dynamic_smem_size", Kind::dynamic_shared_size},
      {"%total_smem_size", Kind::total_shared_size}};
  return table;
}

}  // namespace

void FrameLayout::declare(const ptx::Registers& registers) {
  scopes_.back().used.erase(registers.name);
  scopes_.back().declared[registers.name] = registers;
}

std::optional<FrameLayout::Slot> FrameLayout::find(const std::string& name) {
  std::size_t digits = name.size();
  while (digits > 0 && std::isdigit(static_cast<unsigned char>(name[digits - 1]))) --digits;
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    if (const auto used = scope->used.find(name); used != scope->used.end()) return used->second;
    auto declared = scope->declared.find(name);
    if (declared == scope->declared.end() && digits < name.size() && name.size() - digits < 9) {
      declared = scope->declared.find(name.substr(0, digits));
      if (declared != scope->declared.end() && std::stoi(name.substr(digits)) >= declared->second.count)
        declared = scope->declared.end();
    }
    if (declared == scope->declared.end()) continue;
    const Type type = declared->second.type;
    const int width = width_of(type);
    return scope->used[name] = Slot{type, {allocate(width), width}};
  }
  return std::nullopt;
}

uint32_t FrameLayout::allocate(int width) {
  const std::size_t offset = frame_.size();
  frame_.resize(offset + static_cast<std::size_t>(width) * warp_size);  // a multiple of 64: stays aligned
  return static_cast<uint32_t>(offset);
}

uint32_t FrameLayout::constant(uint64_t bits, int width) {
  if (width < 8) bits &= (uint64_t{1} << (8 * width)) - 1;
  const auto [entry, fresh] = constants_.try_emplace({bits, width}, 0);
  if (fresh) {
    entry->second = allocate(width);
    for (std::size_t lane = 0; lane < warp_size; ++lane)
      std::memcpy(frame_.data() + entry->second + lane * static_cast<std::size_t>(width), &bits,
                  static_cast<std::size_t>(width));
  }
  return entry->second;
}

uint32_t FrameLayout::value(FrameValue::Kind kind, int64_t addend, int width) {
  for (const FrameValue& value : values_)
    if (value.kind == kind && value.addend == addend && value.destination.width == width)
      return value.destination.offset;
  const uint32_t offset = allocate(width);
  values_.push_back({kind, {offset, width}, addend});
  return offset;
}

std::optional<uint32_t> FrameLayout::special(const std::string& name, int width) {
  const auto found = specials().find(name);
  if (found == specials().end()) return std::nullopt;
  return value(found->second, 0, width);
}

}  // namespace masktwins::emulator
