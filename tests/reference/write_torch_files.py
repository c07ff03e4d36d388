"""Small files of torch.save for tests/data/torch_file_test.cpp, with what they hold as safetensors.

    python3 tests/reference/write_torch_files.py     writes tests/golden/torch/

zip.pth and legacy.pth are the two formats of torch.save, deflated.pth is zip.pth packed by another program.
Needs torch and safetensors from PyPI.
"""

import zipfile
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import save_file

FOLDER = Path(__file__).resolve().parent.parent / "golden" / "torch"


def state_dict():
    generator = torch.Generator().manual_seed(1)
    module = torch.nn.Sequential(OrderedDict(conv=torch.nn.Conv2d(2, 3, 2), bn=torch.nn.BatchNorm2d(3)))
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    state = module.state_dict()
    numbers = torch.randn(3, 4, generator=generator)
    state["transposed"] = numbers.t()
    state["column"] = numbers[1:, 2]
    state["parameter"] = torch.nn.Parameter(numbers[0].clone())
    state["half"] = numbers.half()
    state["bfloat16"] = numbers.bfloat16()
    state["double"] = numbers.double()
    state["mask"] = numbers > 0
    state["index"] = torch.tensor([-1, 2], dtype=torch.int32)
    state["nothing"] = torch.zeros(2, 0, 3)
    return state


def repack(source, target):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            fixed = zipfile.ZipInfo(entry.filename)  # without the date
            new.writestr(fixed, old.read(entry), zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    state = state_dict()
    meta = {"epoch": 3, "lr": 1.5, "classes": ("road", "car"), "large": 2**40, "negative": -70000, "best": None}
    optimizer = {"state": {0: {"momentum": torch.ones(1)}}, "param_groups": [{"params": [0]}]}
    content = {"meta": meta, "state_dict": state, "optimizer": optimizer}
    torch.save(content, FOLDER / "zip.pth")
    torch.save(content, FOLDER / "legacy.pth", _use_new_zipfile_serialization=False)
    repack(FOLDER / "zip.pth", FOLDER / "deflated.pth")
    expected = {f"state_dict.{name}": value.detach().contiguous() for name, value in state.items()}
    expected["state_dict.mask"] = expected["state_dict.mask"].to(torch.uint8)
    save_file(expected, FOLDER / "expected.safetensors")
