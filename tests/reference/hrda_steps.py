"""Ten steps of the complete preset `masktwins` with a narrow HRDA in float64: the golden values for
tests/masktwins/train_step_hrda_golden_test.cpp.

    python3 tests/reference/hrda_steps.py     writes tests/golden/steps/hrda.safetensors

Everything of section 3 of the method's description takes part: the loss of HRDA's windows, the feature distance,
quality weights and margins, ClassMix of two source images onto one target image, colour jitter and blur, masks,
consistency, stochastic depth and dropout, the teacher, AdamW with parameter groups, warm-up and poly.

The file holds the configuration as TOML in its metadata, every loss term of every step after its weight, the share
of sure pixels (`quality`), and of student and teacher after the last step probes of the parameters and of the
running statistics of batch norm, in the order of their names. First parameters and images are drawn alike in both
languages (parameter_draws.py); of the labels the file has one number per 16x16 pixels.
"""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.functional import interpolate

from adaptation import (RandomSites, class_mix, consistency, cross_entropy, masked_views, to_toml, update_teacher)
from adaptation_losses import class_cells
from ops import color_jitter, gaussian_blur
from parameter_draws import noise, probe
from street_networks import Hrda
from write_street_networks import CLASSES, HEAD_CHANNELS, NARROW, initialise_network, network_gradients

FOLDER = Path(__file__).resolve().parent.parent / "golden" / "steps"
SEED, STEPS, BATCH, SIZE, CROP, CELL, IGNORE = 5, 10, 2, 128, 64, 16, 255
IMAGE_SITE, COLOUR_SITE = 200000, 300000  # of the noise in the images of step t: IMAGE_SITE + 2 t, + 2 t + 1
ITERATIONS, WARMUP, LEARNING_RATE, HEAD_FACTOR, DECAY = 20, 3, 1e-3, 10, 0.01
DROP_PATH = DROPOUT = 0.1
DETAIL_WEIGHT, DISTANCE_WEIGHT, CM_WEIGHT = 0.1, 0.005, 0.01
THINGS = [1, 3]
SWITCHES = {"masks": 2, "complementary": True, "mask_ratio": 0.5, "mask_block": 16}
QUALITY_THRESHOLD = 0.3
MARGINS = {"top": 4, "bottom": 10}  # rows of the target that teach nothing


class Dropped(nn.Module):
    """Drops whole samples or whole channels of single samples, by the next site of the step."""

    sites = None  # of the current step; None for the teacher, who drops nothing

    def __init__(self, probability, whole_samples):
        super().__init__()
        self.probability, self.whole_samples = probability, whole_samples

    def forward(self, x):
        if Dropped.sites is None:
            return x
        shape = [x.shape[0], 1 if self.whole_samples else x.shape[1]] + [1] * (x.dim() - 2)
        draws = Dropped.sites.uniforms(torch.Size(shape).numel()).reshape(shape)
        return x * (torch.from_numpy(draws) >= self.probability) / (1 - self.probability)


def build():
    model = Hrda(**NARROW, head_channels=HEAD_CHANNELS, classes=CLASSES, crop=CROP).double()
    initialise_network(model)
    blocks = [block for stage in model.segformer.stages for block in stage.blocks]
    for depth, block in enumerate(blocks[1:], 1):  # the first is never dropped
        block.drop_path = Dropped(DROP_PATH * depth / (len(blocks) - 1), whole_samples=True)
    for head in (model.decode_head.head, model.decode_head.scale_attention):
        head.dropout = Dropped(DROPOUT, whole_samples=False)
    return model


def coarse_labels(generator, batch):
    """Two by two regions of one class each, with other classes in between, and ignored pixels."""
    regions = torch.randint(CLASSES, (batch, 2, 2), generator=generator)
    label = regions.repeat_interleave(SIZE // CELL // 2, 1).repeat_interleave(SIZE // CELL // 2, 2)
    changed = torch.rand(label.shape, generator=generator) < 0.2
    label = torch.where(changed, torch.randint(CLASSES, label.shape, generator=generator), label)
    label[torch.rand(label.shape, generator=generator) < 0.03] = IGNORE
    return label


def enlarged(coarse):
    return coarse.repeat_interleave(CELL, 1).repeat_interleave(CELL, 2)


def picture(coarse, contrast, site):
    """Every class has a colour; what is ignored, that of class 0."""
    colours = noise(COLOUR_SITE, CLASSES, 3)
    label = enlarged(coarse)
    clean = colours[torch.where(label == IGNORE, 0, label)].movedim(-1, 1)
    return contrast * clean + 0.5 * noise(site, *clean.shape)


def make_batches():
    generator = torch.Generator().manual_seed(3)
    coarse = [(coarse_labels(generator, BATCH), coarse_labels(generator, 1)) for _ in range(STEPS)]
    batches = [{"source": picture(source, 1.0, IMAGE_SITE + 2 * t), "label": enlarged(source),
                "target": picture(target, 0.6, IMAGE_SITE + 2 * t + 1)} for t, (source, target) in enumerate(coarse)]
    return batches, {"cells.source": torch.stack([c[0] for c in coarse]).byte(),
                     "cells.target": torch.stack([c[1] for c in coarse]).byte()}


def augment(images, sites):
    """Colour jitter of strength 0.2 four times out of five, blur every other time."""
    jitters = sites.uniforms(1)[0] < 0.8
    order, *factors = sites.draws(len(images) + 1)
    blurs = sites.uniforms(1)[0] < 0.5
    sigma = 0.15 + (1.15 - 0.15) * sites.uniforms(1)[0]
    if jitters:
        sequence = [0, 1, 2, 3]
        for last in (3, 2, 1):
            other = int(order[last] * (last + 1))
            sequence[last], sequence[other] = sequence[other], sequence[last]
        images = color_jitter.forward([images, torch.tensor([[1 + 0.2 * (2 * u - 1) for u in f] for f in factors])],
                                      {"order": "".join(map(str, sequence))})[0]
    return gaussian_blur.forward([images], {"sigma": sigma})[0] if blurs else images


def segmentation_loss(output, label, weight):
    logits, details, top, left = output
    def loss(z, y, w):
        return cross_entropy(interpolate(z, size=y.shape[1:], mode="bilinear"), y, w)
    box = (slice(None), slice(top, top + CROP), slice(left, left + CROP))
    return (1 - DETAIL_WEIGHT) * loss(logits, label, weight) + DETAIL_WEIGHT * loss(details, label[box], weight[box])


def outputs(student, images, sites):
    """Logits, those of the window, and where it lies; with the features of the half-sized image."""
    top, left = (8 * int(u * ((SIZE - CROP + 1) // 8)) for u in sites.draws(1)[0, :2])
    logits, details, features = student(images, top, left)
    return (logits, details, top, left), features


def feature_distance(features, frozen, batch):
    with torch.no_grad():
        reference = frozen.maps(interpolate(batch["source"], scale_factor=0.5, mode="bilinear"))[-1]
    cells = class_cells(batch["label"], SIZE // features.shape[-1], CLASSES)
    things = torch.isin(cells, torch.tensor(THINGS))
    return (features - reference).norm(dim=1)[things].mean() if things.any() else 0 * features.sum()


def train_step(student, teacher, frozen, batch, sites):
    """The loss terms, weighted, and the share of sure pixels."""
    Dropped.sites = sites
    ones = torch.ones(BATCH, SIZE, SIZE, dtype=torch.float64)
    output, features = outputs(student, batch["source"], sites)
    terms = {"source": segmentation_loss(output, batch["label"], ones)}
    Dropped.sites = None
    terms["feature_distance"] = DISTANCE_WEIGHT * feature_distance(features, frozen, batch)
    with torch.no_grad():
        probability, pseudo_label = teacher.predict(batch["target"]).softmax(1).max(1)
    Dropped.sites = sites
    quality = (probability >= QUALITY_THRESHOLD).double().mean()
    weight = quality * valid()

    image, label, mixed_weight = class_mix(batch, pseudo_label, weight, sites)
    output, _ = outputs(student, augment(image, sites), sites)
    terms["mix"] = segmentation_loss(output, label, mixed_weight)

    views = masked_views(augment(batch["target"], sites), SWITCHES, sites)
    seen = [outputs(student, view, sites)[0] for view in views]
    terms["masked"] = sum(segmentation_loss(output, pseudo_label, weight) for output in seen) / 2
    terms["masked_cm"] = CM_WEIGHT * consistency("mse_logits", seen[0][0], seen[1][0])
    return terms, quality


def valid():
    weight = torch.ones(1, SIZE, SIZE, dtype=torch.float64)
    weight[:, :MARGINS["top"]] = weight[:, SIZE - MARGINS["bottom"]:] = 0
    return weight


def parameter_groups(model):
    """The head learns ten times as fast; norms of the encoder do not decay."""
    named = list(model.named_parameters())
    heads = [p for name, p in named if "head" in name]
    norms = [p for name, p in named if "norm" in name and "head" not in name]
    rest = [p for name, p in named if "norm" not in name and "head" not in name]
    return [{"params": heads, "factor": HEAD_FACTOR}, {"params": norms, "factor": 1, "weight_decay": 0.0},
            {"params": rest, "factor": 1}]


def learning_rate(t):
    warm = 1 - (1 - t / WARMUP) * (1 - 1e-6) if t < WARMUP else 1
    return LEARNING_RATE * (1 - t / ITERATIONS) * warm


def network_probes(role, model):
    parameters = network_gradients(model, part=lambda parameter: parameter)
    statistics = {name: b for name, b in model.decode_head.named_buffers(prefix="decode_head")
                  if b.is_floating_point()}
    return {f"{role}.{kind}": torch.stack([probe(tensors[name]) for name in sorted(tensors)])
            for kind, tensors in (("parameters", parameters), ("statistics", statistics))}


def train(batches):
    student, teacher, frozen = build(), build(), build()
    with torch.no_grad():
        for parameter in frozen.parameters():
            parameter *= 0.9
    frozen.eval()
    optimizer = torch.optim.AdamW(parameter_groups(student), betas=(0.9, 0.999), eps=1e-8, weight_decay=DECAY)
    history = {}
    for t, batch in enumerate(batches):
        optimizer.zero_grad()
        update_teacher(teacher, student, t)
        terms, quality = train_step(student, teacher, frozen, batch, RandomSites(SEED, t))
        sum(terms.values()).backward()
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(t) * group["factor"]
        optimizer.step()
        for name, value in {**terms, "quality": quality}.items():
            history.setdefault(name, []).append(value.detach())
    result = {name: torch.stack(values) for name, values in history.items()}
    return result | network_probes("student", student) | network_probes("teacher", teacher)


def config():
    sections = {
        "model": {"name": "hrda-b0", "in_channels": 3, "classes": CLASSES, "drop_path": DROP_PATH, "dropout": DROPOUT,
                  "detail_weight": DETAIL_WEIGHT, "pretrained": "the frozen encoder"},
        "data": {"normalize": "imagenet"},
        "train": {"iterations": ITERATIONS, "batch": BATCH, "target_batch": 1, "crop": SIZE, "lr": LEARNING_RATE,
                  "optimizer": "adamw", "beta1": 0.9, "beta2": 0.999, "weight_decay": DECAY, "schedule": "poly",
                  "power": 1.0, "warmup": WARMUP, "head_lr_factor": HEAD_FACTOR, "norm_decay_factor": 0.0},
        "uda": {"mode": "masktwins", "mask_block": SWITCHES["mask_block"], "quality_threshold": QUALITY_THRESHOLD}}
    return f"seed = {SEED}\n" + to_toml(sections)


def main():
    batches, cells = make_batches()
    result = train(batches)
    FOLDER.mkdir(parents=True, exist_ok=True)
    save_file({name: value.contiguous() for name, value in (result | cells).items()}, FOLDER / "hrda.safetensors",
              metadata={"config": config()})
    print({name: [round(v, 4) for v in values.tolist()] for name, values in result.items() if "." not in name})


if __name__ == "__main__":
    main()
