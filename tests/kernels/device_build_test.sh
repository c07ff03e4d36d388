#!/bin/sh
# Does `make cuda` still configure, and do the compilers take what differs from a build for the emulated device: a kernel
# for every shipped architecture, and the files, tests too, that ask which of the two they are built for? (All of it takes
# too long.)
#   device_build_test.sh SOURCE_FOLDER
set -eu
source=$1
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

quietly() {
  "$@" > "$build/log" 2>&1 || { tail -n 20 "$build/log"; echo "FAILED: $*"; exit 1; }
}

quietly cmake -G Ninja -S "$source" -B "$build" -DCMAKE_BUILD_TYPE=Release -DMASKTWINS_CUDA=device
quietly ninja -C "$build" cuda/kernels/fill.cu.o

architectures=$(sed -n 's/^MASKTWINS_CUDA_ARCHITECTURES:STRING=//p' "$build/CMakeCache.txt" | tr ';' ' ')
[ -n "$architectures" ] || { echo "FAILED: no architectures in CMakeCache.txt"; exit 1; }
# nvcc writes the names of the architectures beside their code.
for architecture in $architectures; do
  grep -qa "sm_$architecture" "$build/cuda/kernels/fill.cu.o" ||
    { echo "FAILED: fill.cu.o holds no code for sm_$architecture"; exit 1; }
done

cd "$build"
for file in $(cd "$source" && grep -rl --include='*.cpp' MASKTWINS_CUDA_EMULATED \
    kernels tensor nn optim data masktwins tests); do
  case $file in
    tests/*) target=masktwins_tests ;;
    *) target=engine ;;
  esac
  command=$(ninja -t commands "CMakeFiles/$target.dir/$file.o" | tail -n 1)
  quietly sh -c "$command -fsyntax-only"
done
echo "device build: fill.cu for $architectures"
