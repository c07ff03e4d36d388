"""Training steps of every mode in float64, the golden values for tests/masktwins/train_step_golden_test.cpp.

    python3 tests/reference/masktwins_steps.py     writes tests/golden/steps/*.safetensors

inputs.safetensors holds what all modes share: the parameters before step 0 (`initial.*`) and per step the
source image, its label and the target image. <mode>.safetensors holds the configuration of the mode as TOML
in its metadata, every loss term of every step after its weight, the share of sure pixels (`quality`), and probes
of the parameters of student and teacher after the last step, in the order of their names.

Masks and classes are drawn here as in the program: numbers are a function of (seed, site, step), and every
use of randomness takes the next site: ClassMix, colours and blur of the mixture, colours and blur of the
target, mask ratio, masks. Colours and blur are switched off here, since they have golden files of their own,
but keep their sites. Needs torch and safetensors from PyPI.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from adaptation import (IGNORE, RandomSites, class_mix, consistency, cross_entropy, masked_views, to_toml,
                        update_teacher)
from parameter_draws import probe
from unet import UNet

SEED, WIDTH, CROP, BATCH, BLOCK = 5, 2, 32, 2, 8
ITERATIONS, LEARNING_RATE, POWER = 10, 1e-3, 0.9
FOLDER = Path(__file__).resolve().parent.parent / "golden" / "steps"

COLOUR_SITES = 4  # whether to jitter, how, whether to blur, how much
COMMON = {"mask_block": BLOCK, "color_jitter_probability": 0.0, "blur_probability": 0.0,
          "quality_threshold": 0.6}
TWINS = {"masks": 2, "complementary": True, "mask_ratio": 0.5, "class_mix": True, "quality_weight": True,
         "threshold": 0.0, "cm_weight": 0.01, "cm_loss": "mse_logits"}
# What each mode stands for; the program must know this from its name alone.
MODES = {
    "masktwins": TWINS,
    "random-twin": {**TWINS, "complementary": False},
    "mic": {**TWINS, "masks": 1, "mask_ratio": 0.7, "cm_weight": 0.0},
    "dacs": {**TWINS, "masks": 0, "cm_weight": 0.0},
    "paper": {**TWINS, "class_mix": False, "quality_weight": False, "threshold": 0.7, "cm_loss": "l2_prob"},
}
STEPS = {"masktwins": ITERATIONS}  # the other modes stop after 3


def blobs(generator):
    """Labels (BATCH, CROP, CROP) of smooth random shapes."""
    coarse = torch.randn(BATCH, 1, 6, 6, generator=generator, dtype=torch.float64)
    return (F.interpolate(coarse, size=CROP, mode="bilinear")[:, 0] > 0).long()


def picture(label, contrast, generator):
    """A noisy image of the label; all values are exact in float32."""
    noise = torch.randn(BATCH, 1, CROP, CROP, generator=generator, dtype=torch.float64)
    return (contrast * (label[:, None] - 0.5) + 0.5 * noise).float().double()


def make_batches(generator):
    batches = []
    for _ in range(ITERATIONS):
        label = blobs(generator)
        source = picture(label, 1.0, generator)
        target = picture(blobs(generator), 0.6, generator)
        label[:, :3, :5] = IGNORE
        batches.append({"source": source, "label": label, "target": target})
    return batches


def train_step(student, teacher, batch, switches, sites):
    """The loss terms, weighted, and the share of sure pixels."""
    terms = {"source": cross_entropy(student(batch["source"]), batch["label"])}
    with torch.no_grad():
        probability, pseudo_label = teacher(batch["target"]).softmax(1).max(1)
    quality = (probability >= switches["quality_threshold"]).double().mean()
    weight = (quality if switches["quality_weight"] else 1.0) * (probability >= switches["threshold"])

    if switches["class_mix"]:
        image, label, mixed_weight = class_mix(batch, pseudo_label, weight, sites)
        sites.take(COLOUR_SITES)
        terms["mix"] = cross_entropy(student(image), label, mixed_weight)
    if switches["masks"]:
        sites.take(COLOUR_SITES)
        logits = [student(view) for view in masked_views(batch["target"], switches, sites)]
        terms["masked"] = sum(cross_entropy(z, pseudo_label, weight) for z in logits) / len(logits)
    if switches["cm_weight"]:
        terms["masked_cm"] = switches["cm_weight"] * consistency(switches["cm_loss"], *logits)
    return terms, quality


def train(initial, batches, switches, steps):
    student, teacher = UNet(WIDTH).double(), UNet(WIDTH).double()
    student.load_state_dict(initial)
    optimizer = torch.optim.Adam(student.parameters(), betas=(0.9, 0.999), eps=1e-8)
    history = {}
    for t in range(steps):
        optimizer.zero_grad()
        update_teacher(teacher, student, t)
        terms, quality = train_step(student, teacher, batches[t], switches, RandomSites(SEED, t))
        sum(terms.values()).backward()
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * (1 - t / ITERATIONS) ** POWER
        optimizer.step()
        for name, value in {**terms, "quality": quality}.items():
            history.setdefault(name, []).append(value.detach())
    result = {name: torch.stack(values) for name, values in history.items()}
    for role, model in (("student", student), ("teacher", teacher)):
        parameters = dict(model.named_parameters())
        result[f"{role}.parameters"] = torch.stack([probe(parameters[name]) for name in sorted(parameters)])
    return result


def config_of(mode):
    sections = {"model": {"name": "unet", "width": WIDTH, "norm": "instance", "in_channels": 1, "classes": 2},
                "train": {"iterations": ITERATIONS, "batch": BATCH, "crop": CROP, "lr": LEARNING_RATE,
                          "optimizer": "adam", "beta1": 0.9, "beta2": 0.999, "schedule": "poly",
                          "power": POWER},
                "uda": {"mode": mode, **COMMON}}
    return f"seed = {SEED}\n" + to_toml(sections)


def write(name, tensors, metadata=None):
    FOLDER.mkdir(parents=True, exist_ok=True)
    tensors = {key: value.contiguous() for key, value in tensors.items()}
    save_file(tensors, FOLDER / f"{name}.safetensors", metadata=metadata)


def write_inputs(initial, batches):
    types = {"source": torch.float32, "target": torch.float32, "label": torch.uint8}
    tensors = {f"initial.{name}": value.float() for name, value in initial.items()}
    for t, batch in enumerate(batches):
        tensors.update({f"step{t}.{name}": value.to(types[name]) for name, value in batch.items()})
    write("inputs", tensors)


def main():
    batches = make_batches(torch.Generator().manual_seed(1))
    torch.manual_seed(1)
    initial = {name: value.double() for name, value in UNet(WIDTH).state_dict().items()}
    write_inputs(initial, batches)
    for mode, switches in MODES.items():
        result = train(initial, batches, {**switches, **COMMON}, STEPS.get(mode, 3))
        write(mode, result, {"config": config_of(mode)})
        print(mode, {name: [round(v, 4) for v in values.tolist()]
                     for name, values in result.items() if "." not in name})


if __name__ == "__main__":
    main()
