"""A small SegFormer as NVIDIA publishes its checkpoints, for tests/masktwins/official_weights_test.cpp.

    python3 tests/reference/write_official_weights.py     writes tests/golden/torch/segformer*

segformer.pth is written by torch.save with the names of NVIDIA's repository, segformer_encoder.pth with those of the
ImageNet encoders, both of which also hold what segmentation does not need. The first one's tensors are parts of one
storage, which keeps it small; the second one's have each their own, as published files. segformer.safetensors holds
what Hugging Face's transformers says with these weights in evaluation mode: of a batch the logits and the encoder's
last map, and of a picture the class and its probability at every pixel. Needs torch, transformers and safetensors
from PyPI.
"""

import re
from pathlib import Path

import torch
from safetensors.torch import save_file

from parameter_draws import SEED, noise
from philox import words
from street_networks import hugging_face, official_name

FOLDER = Path(__file__).resolve().parent.parent / "golden" / "torch"
CHANNELS, DEPTHS, CLASSES, HEAD_CHANNELS, IMAGE_SITE = [2, 4, 5, 8], [1, 1, 1, 1], 3, 4, 100000
PICTURE_SITE, HEIGHT, WIDTH = 100003, 50, 70


def nvidia_names(state):
    """Official names; linear_c is counted from 1, and linear_fuse has the last map first as Hugging Face's."""
    named = {official_name(name): value.float() if value.is_floating_point() else value
             for name, value in state.items()}
    for name in [n for n in named if ":key" in n]:
        key, value = named.pop(name), named.pop(name.replace(":key", ":value"))
        named[name.replace(":key", "")] = torch.cat([key, value])
    return {re.sub(r"linear_c\.(\d)", lambda m: f"linear_c{int(m[1]) + 1}", n): v for n, v in named.items()}


def in_one_storage(state):
    floats = {name: value for name, value in state.items() if value.is_floating_point()}
    parts = torch.cat([value.flatten() for value in floats.values()]).split([v.numel() for v in floats.values()])
    return state | {name: part.view(floats[name].shape) for name, part in zip(floats, parts)}


def picture():
    """Bytes (HEIGHT, WIDTH, 3)."""
    bits = words(SEED, PICTURE_SITE, 0, HEIGHT * WIDTH * 3)[:, 0]
    return torch.from_numpy((bits >> 24).astype("uint8")).reshape(HEIGHT, WIDTH, 3)


def predicted(model, pixels):
    """Class probabilities (CLASSES, HEIGHT, WIDTH) of a picture, which is reflected at its border to fill 64x96 pixels."""
    mean, deviation = torch.tensor([123.675, 116.28, 103.53]), torch.tensor([58.395, 57.12, 57.375])
    images = ((pixels.double() - mean) / deviation).permute(2, 0, 1)[None]
    images = torch.nn.functional.pad(images, (13, 13, 7, 7), mode="reflect")
    enlarged = torch.nn.functional.interpolate(model(images).logits, size=(64, 96), mode="bilinear")
    return enlarged[0, :, 7:-7, 13:-13].softmax(0)


if __name__ == "__main__":
    torch.manual_seed(1)
    model = hugging_face(CHANNELS, DEPTHS, CLASSES, HEAD_CHANNELS).eval()
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if tensor.is_floating_point():
            change = 0.3 * torch.randn(tensor.shape).double()
            tensor.data = (tensor.data + (change.abs() if name.endswith("running_var") else change)).float().double()
    state = nvidia_names(model.state_dict())
    encoder = {name.removeprefix("backbone."): value for name, value in state.items() if name.startswith("backbone.")}
    whole = in_one_storage(state | {"decode_head.conv_seg.weight": torch.zeros(CLASSES, 2, 1, 1)})
    torch.save({"meta": {"epoch": 1, "iter": 160000}, "state_dict": whole}, FOLDER / "segformer.pth")
    torch.save(encoder | {"head.weight": torch.zeros(10, 8), "head.bias": torch.zeros(10)},
               FOLDER / "segformer_encoder.pth")
    with torch.no_grad():
        images = noise(IMAGE_SITE, 1, 3, 64, 96)
        logits = model(images).logits
        features = model.segformer(images, output_hidden_states=True).hidden_states[-1]
        probability, label = predicted(model, picture()).max(0)
    golden = {"logits": logits, "features": features, "classes": label.byte(), "probability": probability.float()}
    save_file({name: value.contiguous() for name, value in golden.items()}, FOLDER / "segformer.safetensors")
