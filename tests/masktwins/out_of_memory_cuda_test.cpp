// A training step that the device has no room for: who holds what, and that work goes on.
#include <doctest/doctest.h>

#include <regex>

#include "kernels/common/cuda.h"
#include "tensor/memory_tag.h"
#include "tests/cuda_device.h"
#include "tests/masktwins/training.h"

using namespace masktwins;

#ifdef MASKTWINS_CUDA_EMULATED
namespace {

// The emulated device with this much memory left, for the length of its scope.
class LittleMemory {
 public:
  explicit LittleMemory(int64_t free) : before_(emulator::options().device_memory) {
    const kernels::cuda::DeviceDescription device = kernels::cuda::describe_device();
    emulator::options().device_memory -= static_cast<int64_t>(device.free_memory) - free;
  }
  ~LittleMemory() { emulator::options().device_memory = before_; }
  LittleMemory(const LittleMemory&) = delete;
  LittleMemory& operator=(const LittleMemory&) = delete;

 private:
  int64_t before_;
};

std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// The MiB that stand behind `what`.
int64_t mebibytes(const std::string& message, const std::string& what) {
  std::smatch match;
  REQUIRE_MESSAGE(std::regex_search(message, match, std::regex(what + " (\\d+)")), message, " lacks ", what);
  return std::stoll(match[1]);
}

}  // namespace

TEST_CASE("a step without room says what holds the memory, and with room it runs") {
  const tests::CudaDevice device;
  CachingAllocator::of(Device::cuda).trim();
  const Config config = parse_config("", "test", {"model.width=16", "train.crop=32", "train.batch=1"});
  tests::Training training(config, Device::cuda);
  const data::Batch batch = tests::batch_of(config, 0);
  CachingAllocator::of(Device::cuda).trim();
  const int64_t of_parameters = static_cast<int64_t>(training.arena.values().bytes());
  std::string message;
  {
    void* another_program = kernels::cuda::allocate(3 << 20);
    const LittleMemory little(2 << 20);
    message = message_of([&] { training.run(batch); });
    kernels::cuda::release(another_program);
  }
  CAPTURE(message);
  CHECK(message.find("out of memory on cuda: a tensor of ") == 0);
  CHECK(message.find("use a smaller train.crop") != std::string::npos);
  CHECK(mebibytes(message, "parameters") == 2 * of_parameters >> 20);  // of student and teacher
  CHECK(mebibytes(message, "gradients") == of_parameters >> 20);
  CHECK(mebibytes(message, "optimiser") == 2 * of_parameters >> 20);
  CHECK(mebibytes(message, "activations") >= 1);
  CHECK(mebibytes(message, "libraries and other programs") == 3);
  CHECK(mebibytes(message, "free") <= 2);
  CHECK(training.run(batch).count("source") == 1);
}
#endif
