# Two commands do everything: `make demo` shows the method at work, `make test` builds and runs all tests.
# Both install missing packages of Debian or Ubuntu first (as root or with sudo; else they print the command).

PACKAGES := g++ cmake ninja-build doctest-dev libcli11-dev libtomlplusplus-dev nlohmann-json3-dev libstb-dev libtiff-dev libzip-dev
BUILD := build
CUDA_BUILD := build-cuda
SANITIZE := build-sanitize
export CTEST_OUTPUT_ON_FAILURE := 1

.PHONY: all cuda test demo bench docs course kernels emulate format clean packages sanitize

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja: | packages
	cmake -G Ninja -B $(BUILD) -DCMAKE_BUILD_TYPE=Release

$(SANITIZE)/build.ninja: | packages
	cmake -G Ninja -B $(SANITIZE) -DCMAKE_BUILD_TYPE=RelWithDebInfo -DMASKTWINS_SANITIZE=address,undefined

packages:
	@.ci/packages $(PACKAGES)

sanitize: $(SANITIZE)/build.ninja
	ninja -C $(SANITIZE)

# The program for NVIDIA GPUs from Turing to Blackwell, in build-cuda/. Needs nvcc 13, but no GPU.
cuda: packages
	cmake -G Ninja -B $(CUDA_BUILD) -DCMAKE_BUILD_TYPE=Release -DMASKTWINS_CUDA=device
	ninja -C $(CUDA_BUILD)

# All tests twice: as users run the program, and with AddressSanitizer and UndefinedBehaviorSanitizer.
# Where there is a GPU, a third time on it.
test: all sanitize
	cd $(SANITIZE) && ctest --quiet -O sanitize.log || (cat sanitize.log; exit 1)
	@tail -n 4 $(SANITIZE)/sanitize.log
	cd $(BUILD) && ctest
	@if nvidia-smi -L > /dev/null 2>&1; then $(MAKE) cuda && cd $(CUDA_BUILD) && ctest; fi

demo: all
	experiments/demo $(BUILD)/masktwins

# Our training step beside PyTorch's (needs python3 with torch).
bench: all
	python3 experiments/bench_pytorch.py --ours $(BUILD)/masktwins

# Regenerates docs/ops.md on this machine.
docs: all
	$(BUILD)/masktwins bench ops --markdown docs/ops.md

# Regenerates docs/kernels/: what the CUDA kernels move, as the emulator counts it, and what nvcc makes of them for GPUs.
kernels: all cuda
	ninja -C $(BUILD) masktwins_kernel_counts
	$(BUILD)/masktwins_kernel_counts
	python3 kernels/resources.py $(BUILD) $(CUDA_BUILD)

# Counts again what the versions of docs/kernels do, and rewrites the tables there.
course: all
	$(BUILD)/masktwins_course docs/kernels

# Runs a CUDA program with its own main on the emulated device: make emulate K=my_kernel.cu
emulate: $(BUILD)/build.ninja
	@BUILD=$(BUILD) kernels/emulator/emulate $(K)

format:
	clang-format -i $$(git ls-files '*.h' '*.cpp' '*.cu' '*.cuh')

clean:
	rm -rf $(BUILD) $(SANITIZE) $(CUDA_BUILD)
