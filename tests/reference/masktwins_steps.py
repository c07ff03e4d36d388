"""Training steps of every mode in float64, the golden values for tests/masktwins.

    python3 tests/reference/masktwins_steps.py     writes tests/golden/steps/*.safetensors

inputs.safetensors holds what all modes share: the parameters before step 0 (`initial.*`) and per step the
source image and label, the target image, two independent masks (1 = visible) and the classes that ClassMix
takes from each source image. <mode>.safetensors holds the loss terms of every step (before their weights in
the sum), the quality weight, and the parameters of student and teacher after the last step; its metadata
holds the switches of the mode. Needs torch and safetensors from PyPI.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from unet import UNet

WIDTH, CROP, BATCH, CLASSES, BLOCK, IGNORE = 2, 32, 2, 2, 8, 255
TOTAL_STEPS, LEARNING_RATE, POWER = 10, 1e-3, 0.9
FOLDER = Path(__file__).resolve().parent.parent / "golden" / "steps"

MASKTWINS = {"masks": 2, "complementary": True, "class_mix": False, "quality_threshold": 0.6, "threshold": 0.0,
             "cm_weight": 0.01, "cm_loss": "mse_logits", "steps": TOTAL_STEPS}
MODES = {
    "masktwins": MASKTWINS,
    "release": {**MASKTWINS, "class_mix": True, "steps": 3},
    "random-twin": {**MASKTWINS, "complementary": False, "steps": 3},
    "mic": {**MASKTWINS, "masks": 1, "cm_weight": 0.0, "steps": 3},
    "dacs": {**MASKTWINS, "masks": 0, "cm_weight": 0.0, "class_mix": True, "steps": 3},
    # quality_threshold 0: every pixel counts, so the weight is 1.
    "paper": {**MASKTWINS, "quality_threshold": 0.0, "threshold": 0.6, "cm_loss": "l2_prob", "steps": 3},
}


def blobs(generator):
    """Labels (BATCH, CROP, CROP) of smooth random shapes."""
    coarse = torch.randn(BATCH, 1, 6, 6, generator=generator, dtype=torch.float64)
    return (F.interpolate(coarse, size=CROP, mode="bilinear")[:, 0] > 0).long()


def picture(label, contrast, generator):
    """A noisy image of the label; all values are exact in float32."""
    noise = torch.randn(BATCH, 1, CROP, CROP, generator=generator, dtype=torch.float64)
    return (contrast * (label[:, None] - 0.5) + 0.5 * noise).float().double()


def random_mask(generator):
    grid = torch.rand(BATCH, 1, CROP // BLOCK, CROP // BLOCK, generator=generator) > 0.5
    return grid.repeat_interleave(BLOCK, 2).repeat_interleave(BLOCK, 3).double()


def make_inputs(generator):
    steps = []
    for _ in range(TOTAL_STEPS):
        label = blobs(generator)
        source = picture(label, 1.0, generator)
        target = picture(blobs(generator), 0.6, generator)
        label[:, :3, :5] = IGNORE
        # Half of the values {0, 1, 255}, rounded up, as the released ClassMix does.
        chosen = torch.stack([torch.tensor([0, 1, IGNORE])[torch.randperm(3, generator=generator)[:2]]
                              for _ in range(BATCH)])
        steps.append({"source": source, "label": label, "target": target, "mask": random_mask(generator),
                      "second_mask": random_mask(generator), "chosen": chosen})
    return steps


def cross_entropy(logits, label, weight):
    """Mean of weight * CE over all pixels; ignored ones add 0 but count."""
    return (weight * F.cross_entropy(logits, label, ignore_index=IGNORE, reduction="none")).mean()


def consistency(kind, z1, z2):
    if kind == "mse_logits":
        return F.mse_loss(z1, z2)
    return (z1.softmax(1) - z2.softmax(1)).norm(dim=1).mean()


def class_mix(step, pseudo_label, weight):
    taken = torch.stack([torch.isin(step["label"][i], step["chosen"][i]) for i in range(BATCH)])
    image = torch.where(taken[:, None], step["source"], step["target"])
    return image, torch.where(taken, step["label"], pseudo_label), torch.where(taken, 1.0, weight)


def train_step(student, teacher, step, switches):
    """Runs backward on the sum of all terms; returns the terms."""
    ones = torch.ones(BATCH, CROP, CROP, dtype=torch.float64)
    terms = {"source_loss": cross_entropy(student(step["source"]), step["label"], ones)}
    total = terms["source_loss"]

    with torch.no_grad():
        confidence, pseudo_label = teacher(step["target"]).softmax(1).max(1)
    quality = (confidence >= switches["quality_threshold"]).double().mean()
    weight = quality * (confidence >= switches["threshold"])
    terms["quality"] = quality

    if switches["class_mix"]:
        image, label, mixed_weight = class_mix(step, pseudo_label, weight)
        terms["mix_loss"] = cross_entropy(student(image), label, mixed_weight)
        total = total + terms["mix_loss"]

    masks = [step["mask"], 1 - step["mask"] if switches["complementary"] else step["second_mask"]]
    logits = [student(mask * step["target"]) for mask in masks[:switches["masks"]]]
    if logits:
        losses = [cross_entropy(z, pseudo_label, weight) for z in logits]
        terms["masked_loss"] = sum(losses) / len(losses)
        total = total + terms["masked_loss"]
    if switches["cm_weight"]:
        terms["cm_loss"] = consistency(switches["cm_loss"], *logits)
        total = total + switches["cm_weight"] * terms["cm_loss"]
    total.backward()
    return {name: term.detach() for name, term in terms.items()}


def train(initial, steps, switches):
    student, teacher = UNet(WIDTH).double(), UNet(WIDTH).double()
    student.load_state_dict(initial)
    optimizer = torch.optim.Adam(student.parameters(), betas=(0.9, 0.999), eps=1e-8)
    history = {}
    for t in range(switches["steps"]):
        optimizer.zero_grad()
        alpha = min(1 - 1 / (t + 1), 0.999)
        with torch.no_grad():
            for old, new in zip(teacher.parameters(), student.parameters()):
                old.copy_(new if t == 0 else alpha * old + (1 - alpha) * new)
        for name, term in train_step(student, teacher, steps[t], switches).items():
            history.setdefault(name, []).append(term)
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * (1 - t / TOTAL_STEPS) ** POWER
        optimizer.step()
    result = {name: torch.stack(values) for name, values in history.items()}
    for role, model in (("student", student), ("teacher", teacher)):
        result.update({f"{role}.{name}": value for name, value in model.state_dict().items()})
    return result


def write(name, tensors, metadata):
    FOLDER.mkdir(parents=True, exist_ok=True)
    metadata = {key: str(value).lower() if isinstance(value, bool) else str(value)
                for key, value in metadata.items()}
    save_file({key: value.contiguous() for key, value in tensors.items()}, FOLDER / f"{name}.safetensors",
              metadata=metadata)


def write_inputs(initial, steps):
    tensors = {f"initial.{name}": value.float() for name, value in initial.items()}
    small = {"source": torch.float32, "target": torch.float32, "label": torch.uint8, "mask": torch.uint8,
             "second_mask": torch.uint8, "chosen": torch.int64}
    for t, step in enumerate(steps):
        tensors.update({f"step{t}.{name}": value.to(small[name]) for name, value in step.items()})
    write("inputs", tensors, {"width": WIDTH, "norm": "instance", "total_steps": TOTAL_STEPS,
                              "lr": LEARNING_RATE, "power": POWER})


def main():
    generator = torch.Generator().manual_seed(1)
    steps = make_inputs(generator)
    torch.manual_seed(1)
    initial = {name: value.double() for name, value in UNet(WIDTH).state_dict().items()}
    write_inputs(initial, steps)
    for mode, switches in MODES.items():
        result = train(initial, steps, switches)
        write(mode, result, switches)
        print(mode, {name: [round(v, 4) for v in values.tolist()]
                     for name, values in result.items() if "." not in name})


if __name__ == "__main__":
    main()
