"""Forward and backward passes of a narrow DeepLabV2, alone and within HRDA, in float64, for
tests/nn/deeplabv2_test.cpp.

    python3 tests/reference/write_deeplabv2.py     writes tests/golden/street/deeplabv2.safetensors, hrda_deeplabv2

As write_street_networks.py, with `prediction` in evaluation mode afterwards. Needs torch and transformers from PyPI.
"""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn.functional import interpolate

from deeplabv2 import DeepLabV2, HrdaDeepLabV2
from parameter_draws import draw_all, noise, probe
from write_street_networks import CLASSES, CROP, IMAGE_SITE, NARROW, WEIGHTS_SITE, hrda_golden

FOLDER = Path(__file__).resolve().parent.parent / "golden" / "street"
DEPTHS, WIDTHS = (1, 2, 2, 2), (4, 6, 8, 10)


def initialise(model):
    parameters = dict(model.double().named_parameters())
    factors = {name for name, p in parameters.items() if p.dim() == 1 and name.endswith("weight")}
    for name, value in draw_all({name: p.shape for name, p in parameters.items()}, factors).items():
        parameters[name].data = value
    return model


def gradient_probes(model):
    gradients = {name: p.grad for name, p in model.named_parameters()}
    return torch.stack([probe(gradients[name]) for name in sorted(gradients)])


def deeplabv2():
    model = initialise(DeepLabV2(DEPTHS, CLASSES, WIDTHS))
    images = noise(IMAGE_SITE, 2, 3, 72, 104)
    logits, features = model(images)
    logits.backward(noise(WEIGHTS_SITE, *logits.shape))
    values = {"logits": probe(logits, 1000), "features": probe(features, 100), "gradients": gradient_probes(model)}
    with torch.no_grad():
        logits, _ = model.eval()(images)
        values["prediction"] = probe(interpolate(logits, size=(72, 104), mode="bilinear"), 1000)
    return values


def hrda():
    model = initialise(HrdaDeepLabV2(NARROW["depths"], CLASSES, NARROW["channels"], CROP))
    return hrda_golden(model, gradient_probes, corner_multiple=16)


if __name__ == "__main__":
    for name, values in (("deeplabv2", deeplabv2()), ("hrda_deeplabv2", hrda())):
        save_file({key: value.detach().contiguous() for key, value in values.items()}, FOLDER / f"{name}.safetensors")
