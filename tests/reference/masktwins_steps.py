"""Training steps of every mode in float64, the golden values for tests/masktwins/train_step_golden_test.cpp.

    python3 tests/reference/masktwins_steps.py     writes tests/golden/steps/*.safetensors

inputs.safetensors holds what all modes share: the parameters before step 0 (`initial.*`) and per step the
source image, its label and the target image. <mode>.safetensors holds the configuration of the mode as TOML
in its metadata, every loss term of every step after its weight, the share of sure pixels (`quality`), and the
parameters of student and teacher after the last step.

Masks and classes are drawn here as in the program: numbers are a function of (seed, site, step), and every
use of randomness takes the next site: ClassMix, colours and blur of the mixture, colours and blur of the
target, mask ratio, masks. Colours and blur are switched off here, since they have golden files of their own,
but keep their sites. Needs torch and safetensors from PyPI.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from block_draws import block_draws
from philox import uniform01, words
from unet import UNet

SEED, WIDTH, CROP, BATCH, BLOCK, IGNORE = 5, 2, 32, 2, 8, 255
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


class RandomSites:
    """Hands out the sites of one step."""

    def __init__(self, step):
        self.step, self.used = step, 0

    def take(self, count=1):
        """The first of `count` fresh sites."""
        self.used += count
        return self.used - count

    def uniforms(self, count):
        return uniform01(words(SEED, self.take(), self.step, count)[:, 0])

    def mask(self, ratio):
        """1 where the pixel is visible, (BATCH, 1, CROP, CROP)."""
        draws = block_draws(SEED, self.take(), self.step, BATCH, CROP, CROP, BLOCK)
        return (draws > ratio).double()[:, None]


def cross_entropy(logits, label, weight=1.0):
    """Mean of weight * CE over all pixels; ignored ones add 0 but count."""
    return (weight * F.cross_entropy(logits, label, ignore_index=IGNORE, reduction="none")).mean()


def consistency(kind, z1, z2):
    if kind == "mse_logits":
        return F.mse_loss(z1, z2)
    return (z1.softmax(1) - z2.softmax(1)).norm(dim=1).mean()


def chosen_classes(label, sites):
    """Per image half of the values in the labels of the batch, rounded up, without replacement."""
    values = label.unique().tolist()
    draws = sites.uniforms(256 * BATCH).reshape(BATCH, 256)
    chosen = []
    for image in range(BATCH):
        deck = list(values)
        for i in range((len(deck) + 1) // 2):
            j = i + int(draws[image, i] * (len(deck) - i))
            deck[i], deck[j] = deck[j], deck[i]
        chosen.append(torch.tensor(deck[:(len(deck) + 1) // 2]))
    return chosen


def class_mix(batch, pseudo_label, weight, sites):
    chosen = chosen_classes(batch["label"], sites)
    sites.take(COLOUR_SITES)
    taken = torch.stack([torch.isin(label, classes) for label, classes in zip(batch["label"], chosen)])
    image = torch.where(taken[:, None], batch["source"], batch["target"])
    return image, torch.where(taken, batch["label"], pseudo_label), torch.where(taken, 1.0, weight)


def masked_views(target, switches, sites):
    ratio = switches["mask_ratio"]
    sites.take(COLOUR_SITES)
    sites.take()  # the ratio is drawn from a list, here of one
    mask = sites.mask(ratio)
    if switches["masks"] == 1:
        return [mask * target]
    return [mask * target, (1 - mask if switches["complementary"] else sites.mask(1 - ratio)) * target]


def train_step(student, teacher, batch, switches, sites):
    """The loss terms, weighted, and the share of sure pixels."""
    terms = {"source": cross_entropy(student(batch["source"]), batch["label"])}
    with torch.no_grad():
        probability, pseudo_label = teacher(batch["target"]).softmax(1).max(1)
    quality = (probability >= switches["quality_threshold"]).double().mean()
    weight = (quality if switches["quality_weight"] else 1.0) * (probability >= switches["threshold"])

    if switches["class_mix"]:
        image, label, mixed_weight = class_mix(batch, pseudo_label, weight, sites)
        terms["mix"] = cross_entropy(student(image), label, mixed_weight)
    if switches["masks"]:
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
        alpha = min(1 - 1 / (t + 1), 0.999)
        with torch.no_grad():
            for old, new in zip(teacher.parameters(), student.parameters()):
                old.copy_(new if t == 0 else alpha * old + (1 - alpha) * new)
        terms, quality = train_step(student, teacher, batches[t], switches, RandomSites(t))
        sum(terms.values()).backward()
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * (1 - t / ITERATIONS) ** POWER
        optimizer.step()
        for name, value in {**terms, "quality": quality}.items():
            history.setdefault(name, []).append(value.detach())
    result = {name: torch.stack(values) for name, values in history.items()}
    for role, model in (("student", student), ("teacher", teacher)):
        result.update({f"{role}.{name}": value for name, value in model.state_dict().items()})
    return result


def to_toml(sections):
    def written(value):
        return f'"{value}"' if isinstance(value, str) else str(value).lower()
    return "\n".join(line for name, keys in sections.items()
                     for line in (f"[{name}]", *(f"{key} = {written(value)}" for key, value in keys.items())))


def config_of(mode):
    sections = {"model": {"name": "unet", "width": WIDTH, "norm": "instance", "in_channels": 1, "classes": 2},
                "train": {"iterations": ITERATIONS, "batch": BATCH, "crop": CROP, "lr": LEARNING_RATE,
                          "optimizer": "adam", "beta1": 0.9, "beta2": 0.999, "schedule": "poly",
                          "power": POWER},
                "uda": {"mode": mode, **COMMON}}
    return f"seed = {SEED}\n" + to_toml(sections) + "\n"


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
