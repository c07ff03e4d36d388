// Counts are exact and do not depend on threads or the order of blocks, so they can be fixed in a test.
#include <doctest/doctest.h>

#include "kernels/emulator/memory/traffic.h"
#include "tests/emulator/device_array.h"
#include "tests/emulator/emulated.h"
#include "tests/emulator/kernels/textbook.h"

using namespace masktwins;
using namespace masktwins::tests;
using emulator::Counter;
using emulator::Traffic;

namespace {

// Address of each lane: base + lane * stride.
emulator::LaneAddresses strided(uint64_t base, uint64_t stride) {
  emulator::LaneAddresses addresses;
  for (uint64_t lane = 0; lane < 32; ++lane) addresses[lane] = base + lane * stride;
  return addresses;
}

int64_t sectors(uint64_t base, uint64_t stride, int bytes, emulator::Mask lanes = emulator::all_lanes) {
  return emulator::global_traffic(strided(base, stride), bytes, lanes).sectors;
}
int64_t wavefronts(uint64_t stride, int bytes, emulator::Mask lanes = emulator::all_lanes) {
  return emulator::shared_traffic(strided(0, stride), bytes, lanes).wavefronts;
}

// All instructions of the one kernel counted whose text begins like this.
Counter counted(const std::vector<emulator::KernelCounts>& counts, const std::string& begin) {
  REQUIRE(counts.size() == 1);
  Counter sum;
  for (const auto& instruction : counts[0].instructions)
    if (instruction.text.starts_with(begin)) sum += instruction.counter;
  return sum;
}

}  // namespace

TEST_CASE("sectors of one request") {
  CHECK(sectors(0, 4, 4) == 4);
  CHECK(sectors(4, 4, 4) == 5);
  CHECK(sectors(0, 16, 16) == 16);
  CHECK(sectors(0, 32, 4) == 32);
  CHECK(sectors(0, 0, 4) == 1);
  CHECK(sectors(0, 8, 4) == 8);
  CHECK(sectors(0, 4, 4, 0xff) == 1);
  CHECK(sectors(28, 4, 8, 1) == 2);
  const Traffic broadcast = emulator::global_traffic(strided(0, 0), 4, emulator::all_lanes);
  CHECK(broadcast.bytes == 4);
  CHECK(broadcast.least_sectors == 1);
  CHECK(emulator::global_traffic(strided(0, 32), 4, emulator::all_lanes).least_sectors == 4);
}

TEST_CASE("bank conflicts of one request") {
  CHECK(wavefronts(4, 4) == 1);
  CHECK(wavefronts(8, 4) == 2);
  CHECK(wavefronts(128, 4) == 32);
  CHECK(wavefronts(132, 4) == 1);
  CHECK(wavefronts(0, 4) == 1);
  CHECK(wavefronts(1, 1) == 1);
  CHECK(wavefronts(8, 8) == 2);
  CHECK(wavefronts(16, 16) == 4);
  CHECK(wavefronts(128, 4, 0x3) == 2);
  CHECK(emulator::shared_traffic(strided(0, 16), 16, emulator::all_lanes).least_wavefronts == 4);
}

TEST_CASE("a transpose: naive stores scatter, an unpadded tile has 32-fold conflicts, a padded one none") {
  for (const int threads : {1, 3}) {
    const EmulatedDevice device;
    emulator::options().threads = threads;
    const DeviceArray<float> in(std::vector<float>(64 * 64, 1)), out(std::size_t{64 * 64});
    transpose_naive(in.data(), out.data(), 64, 64);
    cudaDeviceSynchronize();
    auto counts = emulator::take_counts();
    CHECK(counted(counts, "ld.global").global.sectors == 128 * 4);
    CHECK(counted(counts, "st.global").global.sectors == 128 * 32);
    CHECK(counted(counts, "st.global").global.least_sectors == 128 * 4);
    transpose(in.data(), out.data(), 64, 64, false);
    cudaDeviceSynchronize();
    counts = emulator::take_counts();
    CHECK(counted(counts, "st.global").global.sectors == 128 * 4);
    CHECK(counted(counts, "ld.shared").shared.wavefronts == 128 * 32);
    transpose(in.data(), out.data(), 64, 64, true);
    cudaDeviceSynchronize();
    counts = emulator::take_counts();
    CHECK(counted(counts, "ld.shared").shared.wavefronts == 128);
    CHECK(counted(counts, "ld.shared").shared.least_wavefronts == 128);
    CHECK(counted(counts, "bar").executed == 4 * 8);
  }
}

TEST_CASE("lanes and divergence of saxpy on 1000 elements") {
  const EmulatedDevice device;
  const DeviceArray<float> x(std::vector<float>(1000, 1)), y(std::vector<float>(1000, 1));
  saxpy(2, x.data(), y.data(), 1000);
  cudaDeviceSynchronize();
  const auto counts = emulator::take_counts();
  const Counter loads = counted(counts, "ld.global");
  CHECK(loads.executed == 2 * 32);
  CHECK(loads.lanes == 2 * 1000);
  CHECK(loads.global.bytes == 2 * 4000);
  CHECK(counts[0].total().divergent == 1);
  CHECK(counts[0].launches == 1);
  const std::string text = emulator::describe(counts[0]);
  CHECK(text.find("saxpy_kernel(float, float const*, float*, int): 1 launch") != std::string::npos);
  CHECK(text.find("textbook.cu:") != std::string::npos);
  CHECK(text.find("y[i] += a * x[i]") != std::string::npos);
}
