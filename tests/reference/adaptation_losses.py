"""AdvSeg's discriminator and DAFormer's feature distance in PyTorch, float64.

    python3 tests/reference/adaptation_losses.py     writes tests/golden/adaptation/*.safetensors

adversary         what the student pays for target logits, its gradient, and per step the discriminator's loss while
                  it learns; `parameters` are probes of its parameters after that, in the order of their names
feature_distance  labels, and for features and reference features the loss and its gradient

Logits, features and first parameters come from parameter_draws.py and the sites below, so that the files need not
hold them. Gradients are probes.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

from parameter_draws import draw_all, noise, probe

FOLDER = Path(__file__).resolve().parent.parent / "golden" / "adaptation"
SOURCE_SITE, TARGET_SITE, FEATURE_SITE, REFERENCE_SITE, LABEL_SITE = 200000, 200100, 200200, 200201, 200202
CLASSES, LEARNING_RATE, ITERATIONS, STEPS = 3, 1e-3, 10, 3
THINGS, IGNORE, LEAST_SHARE = [1, 3], 255, 0.75


class Discriminator(nn.Module):
    """Tsai et al., CVPR 2018: five convolutions with kernel 4 and stride 2."""

    def __init__(self, classes, width=64):
        super().__init__()
        self.conv1 = nn.Conv2d(classes, width, 4, 2, 1)
        self.conv2 = nn.Conv2d(width, 2 * width, 4, 2, 1)
        self.conv3 = nn.Conv2d(2 * width, 4 * width, 4, 2, 1)
        self.conv4 = nn.Conv2d(4 * width, 8 * width, 4, 2, 1)
        self.classifier = nn.Conv2d(8 * width, 1, 4, 2, 1)

    def forward(self, logits):
        x = logits.softmax(1)
        for layer in (self.conv1, self.conv2, self.conv3, self.conv4):
            x = F.leaky_relu(layer(x), 0.2)
        return self.classifier(x)


def domain_loss(discriminator, logits, source):
    answer = discriminator(logits)
    return F.binary_cross_entropy_with_logits(answer, torch.full_like(answer, float(source)))


def logits_of(site, step):
    return 2 * noise(site + step, 2, CLASSES, 48, 64)


def adversary():
    discriminator = Discriminator(CLASSES).double()
    values = draw_all({name: p.shape for name, p in discriminator.named_parameters()}, set())
    discriminator.load_state_dict(values)
    target = logits_of(TARGET_SITE, 0).requires_grad_()
    fooling = domain_loss(discriminator, target, source=True)
    fooling.backward()

    optimizer = torch.optim.Adam(discriminator.parameters(), betas=(0.9, 0.99))
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = (domain_loss(discriminator, logits_of(SOURCE_SITE, step), source=True)
                + domain_loss(discriminator, logits_of(TARGET_SITE, step), source=False)) / 2
        loss.backward()
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * (1 - step / ITERATIONS) ** 0.9
        optimizer.step()
        losses.append(loss.detach())
    parameters = dict(discriminator.named_parameters())
    return {"fooling": fooling, "gradient": probe(target.grad, 200), "losses": torch.stack(losses),
            "parameters": torch.stack([probe(parameters[name]) for name in sorted(parameters)])}


def labels():
    """Cells of 8x8 pixels of one class each, of which a third of the pixels may be of class 3 or ignored."""
    cells = ((noise(LABEL_SITE, 2, 6, 8) / 3**0.5 + 1) * 2).long().clamp(0, 3)  # 0 ... 3
    label = cells.repeat_interleave(8, 1).repeat_interleave(8, 2)
    change = noise(LABEL_SITE + 1, *label.shape) / 3**0.5
    label[change > 0.55] = 3
    label[change < -0.8] = IGNORE
    return label


def class_cells(label, factor, classes):
    """DAFormer's downscale_label_ratio."""
    label = torch.where(label == IGNORE, classes, label)
    shares = F.avg_pool2d(F.one_hot(label, classes + 1).movedim(3, 1).double(), factor)
    share, cell = shares.max(1)
    return torch.where((share < LEAST_SHARE) | (cell == classes), IGNORE, cell)


def feature_distance():
    features = noise(FEATURE_SITE, 2, 6, 6, 8).requires_grad_()
    reference = noise(REFERENCE_SITE, 2, 6, 6, 8)
    things = torch.isin(class_cells(labels(), 8, 4), torch.tensor(THINGS))
    loss = (features - reference).norm(dim=1)[things].mean()
    loss.backward()
    return {"loss": loss, "gradient": probe(features.grad, 200), "labels": labels().byte()}


def save(name, values):
    save_file({key: value.detach().contiguous() for key, value in values.items()}, FOLDER / f"{name}.safetensors")


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    save("adversary", adversary())
    save("feature_distance", feature_distance())
