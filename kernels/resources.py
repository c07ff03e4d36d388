#!/usr/bin/env python3
"""What nvcc makes of every CUDA kernel on every shipped architecture: registers, shared memory, occupancy.

    python3 kernels/resources.py BUILD CUDA_BUILD    writes docs/kernels/resources.{json,md}; `make kernels`
    python3 kernels/resources.py BUILD --check       compares instead; a test

CUDA_BUILD is a build for GPUs (`make cuda`), which takes too long for a test. BUILD is one for the emulated device: its
objects hold the kernels' PTX as text. Kernels are recorded with a hash of that text: where it and the compiler are those
recorded, so are the numbers. The text is for compute capability 8.0, so --check does not notice a change that only other
architectures see. Standard library only.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLES = ROOT / "docs" / "kernels"

# Per multiprocessor, from the CUDA C++ Programming Guide, "Technical Specifications per Compute Capability".
THREADS = {75: 1024, 80: 2048, 86: 1536, 89: 1536, 90: 2048, 100: 2048, 120: 1536}
BLOCKS = {75: 16, 80: 32, 86: 16, 89: 24, 90: 32, 100: 32, 120: 24}
SHARED = {75: 64, 80: 164, 86: 100, 89: 100, 90: 228, 100: 228, 120: 100}  # KiB
REGISTERS = 65536


def command(*arguments, **options):
    return subprocess.run(arguments, check=True, text=True, capture_output=True, **options)


def tool(name, package):
    found = shutil.which(name) or shutil.which(name, path="/usr/local/cuda/bin")
    return found or sys.exit(f"resources.py: {name} was not found; install it ({package}) or add its folder to PATH")


def compiler_version():
    nvcc = tool("nvcc", "the CUDA Toolkit 13")
    return re.search(r"V([\d.]+)", command(nvcc, "--version").stdout).group(1)


def ptx_of(object_file):
    """The PTX text that nvcc left in an object for the emulator."""
    data = object_file.read_bytes()
    start = data.index(b".version ")
    return data[start:data.index(b"\0", start)].decode()


def machine_independent(text):
    """nvcc names an anonymous namespace after the file's path and, mostly, the process. The digits after that, the
    length of the name that follows, go as well, because nothing tells them from the number of the process."""
    text = re.sub(r"\d+_GLOBAL__N__[0-9a-f]+_\d+_(\w+?_cu)_[0-9a-f]{8}_?\d*", r"\1", text)
    if "_GLOBAL__N__" in text:
        sys.exit("resources.py: nvcc names anonymous namespaces in a new way, which machine_independent must learn")
    return text


def entries(ptx):
    """Hash and block size of every kernel in the text, line numbers and debug information left out."""
    text = re.sub(r"(?m)^\s*(\.loc|\.file|//).*$|\t// .*$", "", ptx).split(".section")[0]
    entry = r"(?s)(?:\.\w+ )*\.entry (\w+)\s*\(.*?\n\}"
    rest = hashlib.sha256(machine_independent(re.sub(entry, "", text)).encode())  # functions and variables
    found = {}
    for match in re.finditer(entry, text):
        digest = rest.copy()
        digest.update(machine_independent(match.group(0)).encode())
        bound = re.search(r"\.maxntid (\d+)(?:, (\d+))?(?:, (\d+))?", match.group(0))
        threads = 1
        for size in bound.groups() if bound else ():
            threads *= int(size or 1)
        found[short(match.group(1))] = {"hash": digest.hexdigest()[:16], "threads": threads if bound else 256}
    return found


def resource_usage(object_file):
    """Registers and shared bytes of every kernel in an object for GPUs, by architecture."""
    cuobjdump = tool("cuobjdump", "part of the full CUDA Toolkit, and of nvidia-cuda-cuobjdump on PyPI")
    report = command(cuobjdump, "--dump-resource-usage", object_file).stdout
    return {int(architecture): {short(kernel): {"registers": int(registers), "shared": int(shared)}
                                for kernel, registers, shared in re.findall(
                                    r"Function (\w+):\s+REG:(\d+) .*?SHARED:(\d+)", part)}
            for architecture, part in re.findall(r"(?s)Fatbin elf code:\n.*?arch = sm_(\d+)(.*?)(?=Fatbin|$)", report)}


def occupancy(architecture, threads, registers, shared):
    """Share of the threads of a multiprocessor that can be resident, by arithmetic. Registers are given to warps in
    units of 256; a block's shared memory costs 1 KiB more from 8.0 on. Dynamic shared memory is not known here."""
    warps = -(-threads // 32)
    per_warp = -(-registers * 32 // 256) * 256
    blocks = min(BLOCKS[architecture], THREADS[architecture] // (32 * warps), REGISTERS // per_warp // warps)
    if shared:
        blocks = min(blocks, SHARED[architecture] * 1024 // (shared + (1024 if architecture >= 80 else 0)))
    return blocks * warps * 32 / THREADS[architecture]


def objects(build):
    found = sorted((build / "cuda" / "kernels").rglob("*.cu.o"))
    if not found:
        sys.exit(f"resources.py: {build} holds no compiled kernels; configure it with -DMASKTWINS_CUDA=emulated and "
                 "build it")
    return found


@lru_cache(None)
def short(name):
    readable = command("c++filt", name).stdout.strip().replace("(anonymous namespace)::", "")
    readable = re.sub(r"masktwins::kernels::(cuda::)?|^void ", "", readable)
    depth = 0
    for i, character in enumerate(readable):  # up to the parenthesis of the arguments
        depth += (character == "<") - (character == ">")
        if character == "(" and depth == 0:
            return readable[:i]
    return readable


def source_of(object_file, build):
    return str(object_file.relative_to(build / "cuda" / "kernels"))[:-2]


def keyed(source, kernels):
    return {f"{source}: {name}": kernel for name, kernel in kernels.items()}


def measure(build, cuda_build):
    """The architectures, and the kernels with their numbers in that order."""
    architectures, kernels = [], {}
    for object_file in objects(build):
        source = source_of(object_file, build)
        here = keyed(source, entries(ptx_of(object_file)))
        usage = resource_usage(cuda_build / object_file.relative_to(build))
        architectures = architectures or sorted(usage)
        for architecture in architectures:
            report = keyed(source, usage.get(architecture, {}))
            if report.keys() != here.keys():
                sys.exit(f"resources.py: {source} differs between {build} and {cuda_build}; build both first")
            for name, numbers in report.items():
                for what, number in numbers.items():
                    here[name].setdefault(what, []).append(number)
        kernels.update(here)
    return architectures, kernels


def markdown(architectures, kernels):
    lines = ["# Registers, shared memory and occupancy", "",
             "Written by `make kernels`: what nvcc makes of every kernel in a build for GPUs (`make cuda`). A cell is the "
             "registers of a thread, and the share of a multiprocessor's threads that can be resident: arithmetic, for the "
             "block size of `__launch_bounds__` (256 without), dynamic shared memory not counted. No kernel spills registers "
             "to memory on any of them: `make cuda` fails where one does. A test fails when a kernel is no longer the one of "
             "this table.", ""]
    by_file = {}
    for name, kernel in kernels.items():
        file, _, kernel_name = name.partition(": ")
        by_file.setdefault(file, []).append((kernel_name, kernel))
    for file, members in sorted(by_file.items()):
        lines += [f"## {file}", "", "| kernel | threads | shared bytes | "
                  + " | ".join(f"sm_{a}" for a in architectures) + " |", "|---|--:|--:|" + "--:|" * len(architectures)]
        for name, kernel in sorted(members, key=lambda member: member[0]):
            shares = [occupancy(a, kernel["threads"], kernel["registers"][i], kernel["shared"][i])
                      for i, a in enumerate(architectures)]
            cells = [f"{registers}, {share:.0%}" for registers, share in zip(kernel["registers"], shares)]
            lines.append(f"| `{name}` | {kernel['threads']} | {max(kernel['shared'])} | " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def check(build, recorded, version):
    if recorded["nvcc"] != version:
        print(f"not compared: docs/kernels was written with nvcc {recorded['nvcc']}, this is {version}")
        return
    here = {name: entry["hash"] for file in objects(build)
            for name, entry in keyed(source_of(file, build), entries(ptx_of(file))).items()}
    known = {name: kernel["hash"] for name, kernel in recorded["kernels"].items()}
    changed = sorted(name for name in here.keys() | known.keys() if here.get(name) != known.get(name))
    if changed:
        sys.exit(f"docs/kernels/resources.json is not current, run `make kernels`: {len(changed)} kernels changed, "
                 + ", ".join(changed[:5]))
    if (TABLES / "resources.md").read_text() != markdown(recorded["architectures"], recorded["kernels"]):
        sys.exit("docs/kernels/resources.md is not what resources.json says, run `make kernels`")
    print(f"{len(here)} kernels are as recorded")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    build = Path(sys.argv[1])
    version = compiler_version()
    table = TABLES / "resources.json"
    if sys.argv[2] == "--check":
        if not table.exists():
            sys.exit(f"{table} is missing, run `make kernels`")
        return check(build, json.loads(table.read_text()), version)
    architectures, kernels = measure(build, Path(sys.argv[2]))
    rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(kernels[name])}" for name in sorted(kernels))
    table.write_text(f'{{"nvcc": "{version}", "architectures": {architectures}, "kernels": {{\n{rows}\n}}}}\n')
    (TABLES / "resources.md").write_text(markdown(architectures, kernels))


if __name__ == "__main__":
    main()
