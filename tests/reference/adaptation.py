"""What the written-out training steps share: random draws by site as in the program, losses and mixtures."""

import torch
import torch.nn.functional as F

from block_draws import block_draws
from philox import uniform01, words

IGNORE = 255


class RandomSites:
    """Hands out the sites of one step: every use of randomness takes the next one."""

    def __init__(self, seed, step):
        self.seed, self.step, self.used = seed, step, 0

    def take(self, count=1):
        """The first of `count` fresh sites."""
        self.used += count
        return self.used - count

    def draws(self, count):
        """Uniforms of a fresh site from its indices 0 ... count - 1, (count, 4)."""
        return uniform01(words(self.seed, self.take(), self.step, count))

    def uniforms(self, count):
        return self.draws(count)[:, 0]

    def mask(self, images, block, ratio):
        """1 where the pixel is visible, (N, 1, H, W)."""
        batch, _, height, width = images.shape
        draws = block_draws(self.seed, self.take(), self.step, batch, height, width, block)
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
    draws = sites.uniforms(256 * len(label)).reshape(len(label), 256)
    chosen = []
    for image in range(len(label)):
        deck = list(values)
        for i in range((len(deck) + 1) // 2):
            j = i + int(draws[image, i] * (len(deck) - i))
            deck[i], deck[j] = deck[j], deck[i]
        chosen.append(torch.tensor(deck[:(len(deck) + 1) // 2]))
    return chosen


def class_mix(batch, pseudo_label, weight, sites):
    """Image, label and weight: the chosen classes of the source on the target, which may be a single image."""
    chosen = chosen_classes(batch["label"], sites)
    taken = torch.stack([torch.isin(label, classes) for label, classes in zip(batch["label"], chosen)])
    image = torch.where(taken[:, None], batch["source"], batch["target"])
    return image, torch.where(taken, batch["label"], pseudo_label), torch.where(taken, 1.0, weight)


def masked_views(images, switches, sites):
    ratio, block = switches["mask_ratio"], switches["mask_block"]
    sites.take()  # the ratio is drawn from a list, here of one
    mask = sites.mask(images, block, ratio)
    if switches["masks"] == 1:
        return [mask * images]
    return [mask * images, (1 - mask if switches["complementary"] else sites.mask(images, block, 1 - ratio)) * images]


def update_teacher(teacher, student, step):
    """Parameters only; running statistics stay the teacher's own."""
    alpha = min(1 - 1 / (step + 1), 0.999)
    with torch.no_grad():
        for old, new in zip(teacher.parameters(), student.parameters()):
            old.copy_(new if step == 0 else alpha * old + (1 - alpha) * new)


def to_toml(sections):
    def written(value):
        return f'"{value}"' if isinstance(value, str) else str(value).lower()
    return "\n".join(line for name, keys in sections.items()
                     for line in (f"[{name}]", *(f"{key} = {written(value)}" for key, value in keys.items()))) + "\n"
