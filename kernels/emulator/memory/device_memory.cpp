#include "kernels/emulator/memory/device_memory.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "kernels/emulator/emulator.h"
#include "kernels/emulator/error.h"

namespace masktwins::emulator {
namespace {

constexpr uint64_t range_bytes = uint64_t{1} << 40;  // of addresses, not of memory
constexpr uint64_t page = 4096;
constexpr uint64_t guard = 64 * 1024;  // between allocations, so that small strides past the end hit nothing

struct sigaction previous_handler;
uint64_t range_begin = 0;

// Explains a crash of host code on a device address, then lets it be the crash it is.
void explain_crash(int number, siginfo_t* info, void*) {
  const uint64_t address = reinterpret_cast<uint64_t>(info->si_addr);
  if (address >= range_begin && address < range_begin + range_bytes) {
    constexpr char message[] =
        "emulated CUDA device: host code used a device pointer; copy the data with cudaMemcpy first\n";
    [[maybe_unused]] const auto written = write(STDERR_FILENO, message, sizeof message - 1);
  }
  sigaction(number, &previous_handler, nullptr);  // returning repeats the access under the old handler
}

}  // namespace

DeviceMemory& DeviceMemory::instance() {
  static DeviceMemory& memory = *new DeviceMemory;  // never destroyed: kernels may run at exit
  return memory;
}

DeviceMemory::DeviceMemory() {
  file_ = memfd_create("emulated device memory", MFD_CLOEXEC);
  if (file_ < 0 || ftruncate(file_, static_cast<off_t>(range_bytes)) != 0)
    fail("emulated CUDA device: cannot reserve device memory: ", std::strerror(errno));
  void* view = mmap(nullptr, range_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file_, 0);
  void* addresses = mmap(nullptr, range_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (view == MAP_FAILED || addresses == MAP_FAILED)
    fail("emulated CUDA device: cannot reserve device addresses: ", std::strerror(errno));
  view_ = static_cast<std::byte*>(view);
  begin_ = reinterpret_cast<uint64_t>(addresses);
  next_ = begin_ + guard;
  range_begin = begin_;
  struct sigaction handler {};
  handler.sa_sigaction = explain_crash;
  handler.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &handler, &previous_handler);
}

uint64_t DeviceMemory::allocate(int64_t bytes, const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (bytes < 0 || bytes > total_bytes() - used_) return 0;
  const uint64_t span = (static_cast<uint64_t>(bytes) + page - 1) / page * page + guard;
  if (next_ + span > begin_ + range_bytes) return 0;
  const uint64_t address = next_;
  next_ += span;
  used_ += bytes;
  std::byte* host = view(address);
  std::memset(host, 0xff, static_cast<std::size_t>(bytes));
  allocations_[address] = {address, bytes, host, name};
  return address;
}

bool DeviceMemory::release(uint64_t address) {
  const std::lock_guard lock(mutex_);
  const auto found = allocations_.find(address);
  if (found == allocations_.end() || found->second.on_host) return false;
  const Allocation& allocation = found->second;
  used_ -= allocation.bytes;
  drop_pages(address, static_cast<uint64_t>(allocation.bytes));
  allocations_.erase(found);
  return true;
}

uint64_t DeviceMemory::reserve_addresses(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  const uint64_t address = next_;
  next_ += bytes + guard;
  return address;
}

void DeviceMemory::drop_pages(uint64_t address, uint64_t bytes) const {
  const uint64_t span = (bytes + page - 1) / page * page;
  fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(address - begin_),
            static_cast<off_t>(span));
}

void* DeviceMemory::allocate_on_host(int64_t bytes, const std::string& name) {
  const std::size_t size = (static_cast<std::size_t>(bytes) + 511) / 256 * 256;
  auto* pointer = static_cast<std::byte*>(std::aligned_alloc(256, size));
  if (pointer == nullptr) return nullptr;
  const std::lock_guard lock(mutex_);
  const uint64_t address = reinterpret_cast<uint64_t>(pointer);
  allocations_[address] = {address, bytes, pointer, name, true, false};
  return pointer;
}

bool DeviceMemory::release_on_host(void* pointer) {
  const std::lock_guard lock(mutex_);
  const auto found = allocations_.find(reinterpret_cast<uint64_t>(pointer));
  if (found == allocations_.end() || !found->second.on_host || found->second.lent) return false;
  std::free(found->second.host);
  allocations_.erase(found);
  return true;
}

bool DeviceMemory::lend(void* pointer, int64_t bytes, const std::string& name) {
  const uint64_t address = reinterpret_cast<uint64_t>(pointer);
  const std::lock_guard lock(mutex_);
  const auto next = allocations_.lower_bound(address);
  if (find(address) != nullptr ||
      (next != allocations_.end() && next->first < address + static_cast<uint64_t>(bytes)))
    return false;
  allocations_[address] = {address, bytes, static_cast<std::byte*>(pointer), name, true, true};
  return true;
}

bool DeviceMemory::take_back(void* pointer) {
  const std::lock_guard lock(mutex_);
  const auto found = allocations_.find(reinterpret_cast<uint64_t>(pointer));
  if (found == allocations_.end() || !found->second.lent) return false;
  allocations_.erase(found);
  return true;
}

const Allocation* DeviceMemory::find(uint64_t address) const {
  auto after = allocations_.upper_bound(address);
  if (after == allocations_.begin()) return nullptr;
  const Allocation& below = std::prev(after)->second;
  return address - below.address < static_cast<uint64_t>(below.bytes) ? &below : nullptr;
}

std::string DeviceMemory::describe(uint64_t address) const {
  const std::lock_guard lock(mutex_);
  std::ostringstream text;
  text << "address 0x" << std::hex << address << std::dec;
  const auto after = allocations_.upper_bound(address);
  if (after != allocations_.begin()) {
    const Allocation& below = std::prev(after)->second;
    const uint64_t offset = address - below.address;
    const uint64_t bytes = static_cast<uint64_t>(below.bytes);
    if (offset < bytes) {
      text << ", offset " << offset << " of " << below.name << " (" << bytes << " bytes)";
      return text.str();
    }
    if (offset - bytes < (uint64_t{1} << 32)) {
      text << ", " << offset - bytes << " bytes past the end of " << below.name << " (" << bytes << " bytes)";
      return text.str();
    }
  }
  if (after != allocations_.end() && after->first - address < (uint64_t{1} << 32))
    text << ", " << after->first - address << " bytes before " << after->second.name;
  return text.str();
}

bool DeviceMemory::in_device_range(uint64_t address) const {
  return address >= begin_ && address < begin_ + range_bytes;
}

int64_t DeviceMemory::total_bytes() const { return options().device_memory; }
int64_t DeviceMemory::free_bytes() const {
  const std::lock_guard lock(mutex_);
  return total_bytes() - used_;
}

}  // namespace masktwins::emulator
