#!/usr/bin/env python3
"""What ptxas makes of every CUDA kernel on every shipped architecture: registers, shared memory, spills, occupancy.

    python3 kernels/resources.py BUILD            writes docs/kernels/resources.{json,md}; `make kernels`
    python3 kernels/resources.py BUILD --check    compares instead, without running ptxas; a test

BUILD is a build for the emulated device: its objects hold the kernels' PTX as text. Kernels are recorded with a hash of
that text. Where text and compiler are those recorded, so are the results of ptxas, which is what --check relies on and
what makes writing fast: only kernels that changed go through ptxas again. Standard library only.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
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


def nvcc_path():
    for folder in os.environ.get("PATH", "").split(os.pathsep) + ["/usr/local/cuda/bin"]:
        if (Path(folder) / "nvcc").exists():
            return Path(folder) / "nvcc"
    sys.exit("resources.py: nvcc was not found; install the CUDA Toolkit 13 or add its bin folder to PATH")


def compiler_version(nvcc):
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


def ptxas(nvcc, ptx, architecture):
    """Registers, shared bytes and spilled bytes of every kernel in the text."""
    with tempfile.NamedTemporaryFile("w", suffix=".ptx") as file:
        file.write(ptx)
        file.flush()
        report = command(nvcc.parent / "ptxas", f"-arch=sm_{architecture}", "-v", "-O3", file.name, "-o",
                         "/dev/null").stderr
    result = {}
    for part in report.split("Compiling entry function '")[1:]:
        spills = re.search(r"(\d+) bytes spill stores, (\d+) bytes spill loads", part)
        shared = re.search(r"(\d+) bytes smem", part)
        result[short(part.split("'")[0])] = {"registers": int(re.search(r"Used (\d+) registers", part).group(1)),
                                      "shared": int(shared.group(1)) if shared else 0,
                                      "spills": int(spills.group(1)) + int(spills.group(2))}
    return result


def occupancy(architecture, threads, registers, shared):
    """Share of the threads of a multiprocessor that can be resident, by arithmetic. Registers are given to warps in
    units of 256; a block's shared memory costs 1 KiB more from 8.0 on. Dynamic shared memory is not known here."""
    warps = -(-threads // 32)
    per_warp = -(-registers * 32 // 256) * 256
    blocks = min(BLOCKS[architecture], THREADS[architecture] // (32 * warps), REGISTERS // per_warp // warps)
    if shared:
        blocks = min(blocks, SHARED[architecture] * 1024 // (shared + (1024 if architecture >= 80 else 0)))
    return blocks * warps * 32 / THREADS[architecture]


def architecture_list():
    text = (ROOT / "kernels" / "CudaKernels.cmake").read_text()
    return [int(number) for number in re.search(r"MASKTWINS_CUDA_ARCHITECTURES ([\d ]+) CACHE", text).group(1).split()]


def objects(build):
    found = sorted((build / "cuda" / "kernels").rglob("*.cu.o"))
    if not found:
        sys.exit(f"resources.py: {build} holds no compiled kernels; configure it with -DMASKTWINS_CUDA=emulated and "
                 "build it")
    return found


def turing_ptx(nvcc, source):
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "kernel.ptx"
        command(nvcc, "-std=c++20", "-O3", "--expt-relaxed-constexpr", f"-I{ROOT}", "-arch=compute_75", "-ptx", source,
                "-o", target)
        return target.read_text()


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


def measured(nvcc, source, ptx, kernels):
    """`kernels` of one file with what ptxas says of them, in the order of architecture_list()."""
    for architecture in architecture_list():
        text = turing_ptx(nvcc, ROOT / "kernels" / source) if architecture < 80 else ptx
        report = keyed(source, ptxas(nvcc, text, architecture))
        if report.keys() != kernels.keys():
            sys.exit(f"resources.py: {source} is newer than its object; build first")
        for name, numbers in report.items():
            for what, number in numbers.items():
                kernels[name].setdefault(what, []).append(number)
    return kernels


def measure(nvcc, build, recorded, write):
    """Writes after every file that went through ptxas, so that no work is lost."""
    kernels = {}
    for object_file in objects(build):
        source, ptx = source_of(object_file, build), ptx_of(object_file)
        here = keyed(source, entries(ptx))
        known = {name: recorded.get(name, {}) for name in here}
        if all(known[name].get("hash") == here[name]["hash"] for name in here):
            kernels.update(known)
        else:
            kernels.update(measured(nvcc, source, ptx, here))
            write({**recorded, **kernels})
            print(source, flush=True)
    return kernels


def markdown(kernels):
    architectures = architecture_list()
    lines = ["# Registers, shared memory and occupancy", "",
             "Written by `make kernels`: what ptxas makes of every kernel on every shipped architecture, from the PTX of "
             "compute capability 8.0 (7.5 for sm_75). A cell is the registers of a thread, and the share of a "
             "multiprocessor's threads that can be resident: arithmetic, for the block size of `__launch_bounds__` (256 "
             "without), dynamic shared memory not counted. No kernel spills registers to memory on any of them; a test "
             "fails when one does, or when a kernel is no longer the one of this table.", ""]
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


def spilling(kernels):
    return [f"{name} on sm_{architecture}" for name, kernel in sorted(kernels.items())
            for architecture, bytes in zip(architecture_list(), kernel["spills"]) if bytes]


def refuse_spills(kernels):
    if spilled := spilling(kernels):
        sys.exit("registers are spilled to memory by " + ", ".join(spilled))


def check(nvcc, build, recorded):
    if recorded["nvcc"] != compiler_version(nvcc):
        print(f"not compared: docs/kernels was written with nvcc {recorded['nvcc']}, this is {compiler_version(nvcc)}")
        return
    here = {name: entry["hash"] for file in objects(build)
            for name, entry in keyed(source_of(file, build), entries(ptx_of(file))).items()}
    known = {name: kernel["hash"] for name, kernel in recorded["kernels"].items()}
    changed = sorted(name for name in here.keys() | known.keys() if here.get(name) != known.get(name))
    if changed:
        sys.exit(f"docs/kernels/resources.json is not current, run `make kernels`: {len(changed)} kernels changed, "
                 + ", ".join(changed[:5]))
    if (TABLES / "resources.md").read_text() != markdown(recorded["kernels"]):
        sys.exit("docs/kernels/resources.md is not what resources.json says, run `make kernels`")
    refuse_spills(recorded["kernels"])
    print(f"{len(here)} kernels are as recorded")


def main():
    build = Path(sys.argv[1]) if len(sys.argv) > 1 else sys.exit(__doc__)
    nvcc = nvcc_path()
    table = TABLES / "resources.json"
    if "--check" in sys.argv:
        if not table.exists():
            sys.exit(f"{table} is missing, run `make kernels`")
        return check(nvcc, build, json.loads(table.read_text()))
    recorded = json.loads(table.read_text()) if table.exists() else {"nvcc": "", "kernels": {}}
    version = compiler_version(nvcc)

    def write(kernels):
        rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(kernels[name])}" for name in sorted(kernels))
        table.write_text(f'{{"nvcc": "{version}", "kernels": {{\n{rows}\n}}}}\n')

    kernels = measure(nvcc, build, recorded["kernels"] if recorded["nvcc"] == version else {}, write)
    write(kernels)
    (TABLES / "resources.md").write_text(markdown(kernels))
    refuse_spills(kernels)


if __name__ == "__main__":
    main()
