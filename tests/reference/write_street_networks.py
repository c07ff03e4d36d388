"""Forward and backward passes of the street networks in float64, for tests/nn/street_networks_golden_test.cpp.

    python3 tests/reference/write_street_networks.py     writes tests/golden/street/*.safetensors

segformer-b0  the complete network with 5 classes, from Hugging Face's transformers
segformer-b5  the logits of the complete largest one
block{s}      one block of stage s at the widths of B1 to B5, from the same
daformer      a narrow DAFormer; hrda a narrow HRDA, with its prediction in training and in evaluation mode
daformer_*    DAFormer's head with the other fusions of its ablation, on maps whose sizes are no multiples of 8

Parameters come from parameter_draws.py; images, and the weights that turn logits into one number, from the sites
below. A file holds probes of the logits and of what else the network says, and `gradients`, whose rows are probes
of the parameters' gradients in the order of their names. Needs torch and transformers from PyPI.
"""

from pathlib import Path

import torch
from safetensors.torch import save_file

from parameter_draws import draw_all, noise, probe
from philox import uniform01, words
from street_networks import (Daformer, DaformerHead, Hrda, hugging_face, is_factor, load_official, official_gradients,
                             official_shapes)

FOLDER = Path(__file__).resolve().parent.parent / "golden" / "street"
NARROW = {"channels": [8, 16, 20, 32], "depths": [1, 1, 2, 1]}
HEAD_CHANNELS, CLASSES, CROP = 12, 5, 64
IMAGE_SITE, WEIGHTS_SITE, DETAIL_WEIGHTS_SITE = 100000, 100001, 100002


def gradient_probes(gradients):
    return torch.stack([probe(gradients[name]) for name in sorted(gradients)])


def initialise(shapes):
    return draw_all(shapes, {name for name in shapes if is_factor(name)})


def segformer():
    model = hugging_face([32, 64, 160, 256], [2, 2, 2, 2], CLASSES)
    load_official(model, initialise(official_shapes(model)))
    logits = model(noise(IMAGE_SITE, 2, 3, 64, 96)).logits
    logits.backward(noise(WEIGHTS_SITE, *logits.shape))
    return {"logits": probe(logits, 1000), "gradients": gradient_probes(official_gradients(model))}


def segformer_b5():
    model = hugging_face([64, 128, 320, 512], [3, 6, 40, 3], CLASSES, head_channels=768)
    load_official(model, initialise(official_shapes(model)))
    with torch.no_grad():
        return {"logits": probe(model(noise(IMAGE_SITE, 1, 3, 64, 32)).logits, 200)}


def block(stage):
    channels, prefix = [64, 128, 320, 512], f"stages.{stage}.blocks.0"
    layer = hugging_face(channels, [1, 1, 1, 1]).stages[stage].blocks[0]
    load_official(layer, initialise(official_shapes(layer, prefix)), prefix)
    x = noise(IMAGE_SITE, 1, channels[stage], 16, 8)
    y = layer(x.flatten(2).transpose(1, 2), 16, 8).transpose(1, 2).reshape(x.shape)
    y.backward(noise(WEIGHTS_SITE, *y.shape))
    return {"result": probe(y, 64), "gradients": gradient_probes(official_gradients(layer, prefix))}


def named_official(model):
    """Parameters of a network whose encoder is Hugging Face's, under official names."""
    return {name: p for name, p in model.decode_head.named_parameters(prefix="decode_head")}


def initialise_network(model):
    head = named_official(model)
    shapes = official_shapes(model.segformer) | {name: p.shape for name, p in head.items()}
    values = initialise(shapes)
    load_official(model.segformer, values)
    for name, parameter in head.items():
        parameter.data = values[name].clone()


def network_gradients(model, part=lambda parameter: parameter.grad):
    head = {name: part(p) for name, p in named_official(model).items()}
    return official_gradients(model.segformer, part=part) | head


def daformer():
    model = Daformer(**NARROW, head_channels=HEAD_CHANNELS, classes=CLASSES).double()
    initialise_network(model)
    maps = model.maps(noise(IMAGE_SITE, 2, 3, 160, 192))
    logits = model.decode_head(maps)
    logits.backward(noise(WEIGHTS_SITE, *logits.shape))
    return {"logits": probe(logits, 1000), "features": probe(maps[-1], 100),
            "gradients": gradient_probes(network_gradients(model))}


def daformer_head(fusion):
    head = DaformerHead(NARROW["channels"], HEAD_CHANNELS, CLASSES, fusion).double()
    values = initialise({name: p.shape for name, p in head.named_parameters()})
    for name, parameter in head.named_parameters():
        parameter.data = values[name].clone()
    sizes = [(21, 13), (11, 7), (6, 4), (3, 2)]
    maps = [noise(IMAGE_SITE + 10 + i, 2, channels, *size).requires_grad_()
            for i, (channels, size) in enumerate(zip(NARROW["channels"], sizes))]
    logits = head(maps)
    weights = noise(WEIGHTS_SITE, *logits.shape)
    logits.backward(weights)
    values = {"logits": probe(logits, 200)} | {f"map{i}_gradient": probe(x.grad, 32) for i, x in enumerate(maps)}
    values["gradients"] = gradient_probes({name: p.grad for name, p in head.named_parameters()})
    head.eval().zero_grad()
    prediction = head(maps)
    prediction.backward(weights)
    values["prediction"] = probe(prediction, 200)
    values["prediction_gradients"] = gradient_probes({name: p.grad for name, p in head.named_parameters()})
    return values


def hrda():
    model = Hrda(**NARROW, head_channels=HEAD_CHANNELS, classes=CLASSES, crop=CROP).double()
    initialise_network(model)
    return hrda_golden(model, lambda network: gradient_probes(network_gradients(network)), corner_multiple=8)


def hrda_golden(model, gradients, corner_multiple):
    images = noise(IMAGE_SITE, 2, 3, 128, 192)
    # The first site of step 3 of the run with seed 7 says where the window lies.
    top, left = (corner_multiple * int(uniform01(words(7, 0, 3, 1)[0, i]) * ((size - CROP + 1) // corner_multiple))
                 for i, size in enumerate((128, 192)))
    logits, details, _ = model(images, top, left)
    torch.autograd.backward([logits, details],
                            [noise(WEIGHTS_SITE, *logits.shape), noise(DETAIL_WEIGHTS_SITE, *details.shape)])
    values = {"window": torch.tensor([top, left]), "logits": probe(logits, 1000),
              "detail_logits": probe(details, 1000), "gradients": gradients(model)}
    with torch.no_grad():
        values["teacher"] = probe(model.predict(images), 1000)  # batch norm by this batch
        values["prediction"] = probe(model.eval().predict(images), 1000)
    return values


def save(name, values):
    save_file({key: value.detach().contiguous() for key, value in values.items()}, FOLDER / f"{name}.safetensors")


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    save("segformer-b0", segformer())
    save("segformer-b5", segformer_b5())
    for stage in range(4):
        save(f"block{stage + 1}", block(stage))
    save("daformer", daformer())
    for fusion in ("dense-aspp", "conv1", "isa", "context-f4"):
        save(f"daformer_{fusion}", daformer_head(fusion))
    save("hrda", hrda())
