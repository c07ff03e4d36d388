"""Computes every op in PyTorch, in float64, as golden values for tests/tensor/ops_golden_test.cpp.

    python3 tests/reference/write_ops.py build/masktwins_dump_samples [OP ...]

The program (`ninja masktwins_dump_samples`) supplies the inputs of each op's samples and the weights that
turn its first result into one number. ops/<op>.py says in PyTorch what the op is:

    def forward(inputs, attributes):  # tensors, {"name": number}
        return [result, ...]

Gradients are autograd's. tests/golden/ops/<op>.safetensors holds `sample<i>.result<j>` and
`sample<i>.gradient<j>` of every differentiable input, all in float64; of large tensors only every n-th
element, see `probe`. Needs torch and safetensors from PyPI.
"""

import importlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent / "golden" / "ops"
MOST_ELEMENTS = 256


def probe(tensor):
    """Elements 0, n, 2n, ... in logical order; n is odd, and 1 for tensors of at most MOST_ELEMENTS."""
    count = tensor.numel()
    stride = 1 if count <= MOST_ELEMENTS else (count // MOST_ELEMENTS + 1) | 1
    return tensor.detach().double().flatten()[::stride].contiguous()


def golden_values(op, path):
    with safe_open(path, "pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}
        samples = json.loads(file.metadata()["samples"])
    golden = {}
    for i, sample in enumerate(samples):
        inputs = [tensors[f"sample{i}.input{j}"] for j in range(len(sample["differentiable"]))]
        for tensor, differentiable in zip(inputs, sample["differentiable"]):
            tensor.requires_grad_(differentiable)
        results = op.forward(inputs, sample["attributes"])
        for j, result in enumerate(results):
            golden[f"sample{i}.result{j}"] = probe(result)
        if f"sample{i}.weights" in tensors:
            if results[0].requires_grad:
                results[0].backward(tensors[f"sample{i}.weights"])
            for j, tensor in enumerate(inputs):
                if tensor.requires_grad:
                    gradient = torch.zeros_like(tensor) if tensor.grad is None else tensor.grad
                    golden[f"sample{i}.gradient{j}"] = probe(gradient)
    return golden


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: write_ops.py build/masktwins_dump_samples [OP ...]")
    sys.path.insert(0, str(HERE / "ops"))
    GOLDEN.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.argv[1], folder, *sys.argv[2:]], check=True)
        for path in sorted(Path(folder).iterdir()):
            if not (HERE / "ops" / f"{path.stem}.py").exists():
                sys.exit(f"tests/reference/ops/{path.stem}.py is missing: write forward(inputs, attributes)")
            golden = golden_values(importlib.import_module(path.stem), path)
            save_file(golden, GOLDEN / path.name)
            print(f"{path.stem}: {sum(value.numel() for value in golden.values())} numbers")


if __name__ == "__main__":
    main()
