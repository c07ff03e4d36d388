"""Times one training step in PyTorch on the CPU, the yardstick for `masktwins bench step`.

    python3 experiments/bench_pytorch.py --threads 2 --ours build/masktwins
    python3 experiments/bench_pytorch.py --ours build/masktwins --model segformer-b0 --crop 512 --batch 1 --supervised
    python3 experiments/bench_pytorch.py --ours build/masktwins --model daformer-b0 --crop 256 --batch 2 --supervised

supervised  source forward, cross-entropy, backward, Adam
masktwins   the complete step: teacher update over all parameters, source loss and its backward,
            pseudo-labels of the teacher, complementary masks, both views forward, half of each cross-entropy
            plus 0.01 times the mean squared difference of the logits, backward, Adam

Each memory layout runs in a process of its own, so that peak memory is its own. With --ours the program runs
in turns with PyTorch in every round; the ratio is the best PyTorch layout over ours, above 1 when ours is
better. The encoder of segformer-b0 and daformer-b0, and the head of the former, are those of Hugging Face's
transformers. Needs torch, and for these two transformers, from PyPI.
"""

import argparse
import copy
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STEPS = ("supervised", "masktwins")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", choices=["unet", "segformer-b0", "daformer-b0"], default="unet")
    parser.add_argument("--supervised", action="store_true", help="time the supervised step alone")
    parser.add_argument("--width", type=int, default=32, help="unet: channels of the first stage")
    parser.add_argument("--crop", type=int, default=256)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int, default=5, help="timed steps per round, after one to warm up")
    parser.add_argument("--rounds", type=int, default=1, help="how often all candidates take their turn")
    parser.add_argument("--layout", choices=["default", "channels_last", "both"], default="both")
    parser.add_argument("--json", metavar="FILE", help="writes all figures to FILE")
    parser.add_argument("--ours", metavar="PROGRAM", help="build/masktwins, to be timed in the same run")
    parser.add_argument("--worker", metavar="LAYOUT", help=argparse.SUPPRESS)
    return parser.parse_args()


def build_network(arguments):
    """A function of images to logits as a module, and its numbers of input channels and classes."""
    sys.path.insert(0, str(ROOT / "tests" / "reference"))
    if arguments.model == "unet":
        from unet import UNet
        return UNet(arguments.width), 1, 2
    from street_networks import mit_b0_with_head
    return mit_b0_with_head(arguments.model.split("-")[0], 19), 3, 19


class Bench:
    def __init__(self, arguments, layout):
        import torch

        torch.manual_seed(1)
        torch.set_num_threads(arguments.threads)
        self.torch = torch
        self.format = torch.channels_last if layout == "channels_last" else torch.contiguous_format
        network, channels, self.classes = build_network(arguments)
        self.student = network.to(memory_format=self.format)
        self.teacher = None if arguments.supervised else copy.deepcopy(self.student)
        self.steps = STEPS[:1] if arguments.supervised else STEPS
        self.optimizer = torch.optim.Adam(self.student.parameters(), lr=1e-4, fused=True)
        self.shape = (arguments.batch, channels, arguments.crop, arguments.crop)
        self.source, self.target = self.random_image(), self.random_image()
        self.label = torch.randint(self.classes, (arguments.batch, arguments.crop, arguments.crop))

    def random_image(self):
        return self.torch.randn(self.shape).contiguous(memory_format=self.format)

    def cross_entropy(self, logits, label):
        functional = self.torch.nn.functional
        if logits.shape[2:] != label.shape[1:]:
            logits = functional.interpolate(logits, size=label.shape[1:], mode="bilinear")
        return functional.cross_entropy(logits, label, ignore_index=255)

    def supervised(self):
        self.optimizer.zero_grad()
        self.cross_entropy(self.student(self.source), self.label).backward()
        self.optimizer.step()

    def masktwins(self):
        torch = self.torch
        self.optimizer.zero_grad()
        with torch.no_grad():
            torch._foreach_lerp_(list(self.teacher.parameters()), list(self.student.parameters()), 0.001)
        self.cross_entropy(self.student(self.source), self.label).backward()
        with torch.no_grad():
            logits = self.teacher(self.target)
            pseudo_label = torch.nn.functional.interpolate(logits, size=self.shape[2:], mode="bilinear").argmax(1)
        mask = self.random_mask()
        z1, z2 = self.student(mask * self.target), self.student((1 - mask) * self.target)
        loss = 0.5 * (self.cross_entropy(z1, pseudo_label) + self.cross_entropy(z2, pseudo_label))
        (loss + 0.01 * torch.nn.functional.mse_loss(z1, z2)).backward()
        self.optimizer.step()

    def random_mask(self, block=32):
        torch, (batch, _, height, width) = self.torch, self.shape
        grid = (torch.rand(batch, 1, max(1, height // block), max(1, width // block)) > 0.5).float()
        return torch.nn.functional.interpolate(grid, size=(height, width))

    def run(self, repeats):
        result = {}
        for name in self.steps:
            step, seconds = getattr(self, name), []
            step()
            for _ in range(repeats):
                begin = time.perf_counter()
                step()
                seconds.append(time.perf_counter() - begin)
            result[f"{name}_s"] = min(seconds)
            result[f"{name}_median_s"] = statistics.median(seconds)
        result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return result


def run_json(command, threads):
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    finished = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment)
    if finished.returncode:
        sys.exit(f"bench_pytorch: '{' '.join(command)}' failed with status {finished.returncode}")
    return json.loads(finished.stdout)


def commands(arguments):
    """What takes its turn in every round: name and command, each printing one JSON object."""
    layouts = ["default", "channels_last"] if arguments.layout == "both" else [arguments.layout]
    shape = ["--model", arguments.model, "--width", str(arguments.width), "--crop", str(arguments.crop),
             "--batch", str(arguments.batch), *(["--supervised"] if arguments.supervised else [])]
    worker = [sys.executable, __file__, *shape, "--threads", str(arguments.threads),
              "--repeats", str(arguments.repeats), "--worker"]
    result = {layout: [*worker, layout] for layout in layouts}
    if arguments.ours:
        counts = ["--repeats", str(arguments.repeats), "--threads", str(arguments.threads)]
        result["ours"] = [arguments.ours, "bench", "step", *shape, *counts, "--json"]
    return result


def best_of(runs):
    """Best time and largest memory over all rounds, median over the medians of the rounds."""
    merge = {"supervised_s": min, "masktwins_s": min, "peak_mb": max,
             "supervised_median_s": statistics.median, "masktwins_median_s": statistics.median}
    return {key: how([run[key] for run in runs]) for key, how in merge.items() if key in runs[0]}


def describe(result):
    text = ""
    for step in (name for name in STEPS if name + "_s" in result):
        text += f"  {step} {result[step + '_s']:7.3f}"
        if step + "_median_s" in result:
            text += f" ({result[step + '_median_s']:.3f})"
    return f"{text}  peak {result['peak_mb']:6.0f} MB"


def main():
    arguments = parse_arguments()
    if arguments.worker:
        print(json.dumps(Bench(arguments, arguments.worker).run(arguments.repeats)))
        return
    candidates = commands(arguments)
    runs = {name: [] for name in candidates}
    for _ in range(arguments.rounds):
        for name, command in candidates.items():
            runs[name].append(run_json(command, arguments.threads))
    figures = {name: best_of(results) for name, results in runs.items()}

    print(f"{arguments.model}, crop {arguments.crop}, batch {arguments.batch}, "
          f"{arguments.threads} threads; best seconds per step (median)")
    for name, result in figures.items():
        print(f"{name:14}{describe(result)}")
    if arguments.ours:
        pytorch = [result for name, result in figures.items() if name != "ours"]
        figures["ratio"] = {key: min(result[key] for result in pytorch) / figures["ours"][key]
                            for key in ("supervised_s", "masktwins_s", "peak_mb") if key in figures["ours"]}
        print("PyTorch / ours  " + ", ".join(f"{key} {value:.2f}" for key, value in figures["ratio"].items()))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
