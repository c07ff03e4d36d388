"""A forward and backward pass of a narrow DeepLabV2 in float64, for tests/nn/deeplabv2_golden_test.cpp.

    python3 tests/reference/write_deeplabv2.py     writes tests/golden/street/deeplabv2.safetensors

As write_street_networks.py, with `prediction` in evaluation mode afterwards. Needs torch from PyPI.
"""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn.functional import interpolate

from deeplabv2 import DeepLabV2
from parameter_draws import draw_all, noise, probe

FILE = Path(__file__).resolve().parent.parent / "golden" / "street" / "deeplabv2.safetensors"
IMAGE_SITE, WEIGHTS_SITE = 100000, 100001


def golden():
    model = DeepLabV2((1, 2, 2, 2), 5, (4, 6, 8, 10)).double()
    parameters = dict(model.named_parameters())
    factors = {name for name, p in parameters.items() if p.dim() == 1 and name.endswith("weight")}
    for name, value in draw_all({name: p.shape for name, p in parameters.items()}, factors).items():
        parameters[name].data = value
    images = noise(IMAGE_SITE, 2, 3, 72, 104)
    logits, features = model(images)
    logits.backward(noise(WEIGHTS_SITE, *logits.shape))
    values = {"logits": probe(logits, 1000), "features": probe(features, 100),
              "gradients": torch.stack([probe(parameters[name].grad) for name in sorted(parameters)])}
    with torch.no_grad():
        logits, _ = model.eval()(images)
        values["prediction"] = probe(interpolate(logits, size=(72, 104), mode="bilinear"), 1000)
    return values


if __name__ == "__main__":
    save_file({key: value.detach().contiguous() for key, value in golden().items()}, FILE)
