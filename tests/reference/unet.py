"""The single-section five-stage U-Net for electron microscopy, in PyTorch.

Encoder w-2w-4w-8w-8w, decoder 4w-2w-w-w/2, after DA-ISC (Huang et al., 2022). A block is twice [3x3
convolution with bias, norm, ReLU]; the instance norm has no parameters. `python3 tests/reference/unet.py`
checks the parameter counts. Needs torch from PyPI.
"""

import math

import torch
from torch import nn

NORMS = ("instance", "batch", "group")


def norm_layer(kind, channels):
    if kind == "instance":
        return nn.InstanceNorm2d(channels)
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    return nn.GroupNorm(math.gcd(32, channels), channels)


class DoubleConv(nn.Module):
    def __init__(self, inputs, outputs, norm):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1), norm_layer(norm, outputs), nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1), norm_layer(norm, outputs), nn.ReLU())

    def forward(self, x):
        return self.conv(x)


class First(nn.Module):
    def __init__(self, inputs, outputs, norm):
        super().__init__()
        self.conv = DoubleConv(inputs, outputs, norm)

    def forward(self, x):
        return self.conv(x)


class Down(nn.Module):
    def __init__(self, inputs, outputs, norm):
        super().__init__()
        self.mpconv = nn.Sequential(nn.MaxPool2d(2), DoubleConv(inputs, outputs, norm))

    def forward(self, x):
        return self.mpconv(x)


class Up(nn.Module):
    """Doubles the resolution of the deep map and joins it behind the skip; each has inputs / 2 channels."""

    def __init__(self, inputs, outputs, norm):
        super().__init__()
        self.up = nn.ConvTranspose2d(inputs // 2, inputs // 2, 2, stride=2)
        self.conv = DoubleConv(inputs, outputs, norm)

    def forward(self, deep, skip):
        return self.conv(torch.cat([skip, self.up(deep)], dim=1))


class Out(nn.Module):
    def __init__(self, channels, classes, norm):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), norm_layer(norm, channels),
                                  nn.ReLU(), nn.Conv2d(channels, classes, 3, padding=1))

    def forward(self, x):
        return self.conv(x)


class UNet(nn.Module):
    """(N, channels, H, W) to logits (N, classes, H, W); H and W are multiples of 16."""

    def __init__(self, width=64, channels=1, classes=2, norm="instance"):
        super().__init__()
        w = width
        self.inc = First(channels, w, norm)
        self.down1 = Down(w, 2 * w, norm)
        self.down2 = Down(2 * w, 4 * w, norm)
        self.down3 = Down(4 * w, 8 * w, norm)
        self.down4 = Down(8 * w, 8 * w, norm)
        self.up1 = Up(16 * w, 4 * w, norm)
        self.up2 = Up(8 * w, 2 * w, norm)
        self.up3 = Up(4 * w, w, norm)
        self.up4 = Up(2 * w, w // 2, norm)
        self.out = Out(w // 2, classes, norm)

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.down1(x1)
        x3 = self.down2(x2)
        x4 = self.down3(x3)
        x = self.down4(x4)
        x = self.up1(x, x4)
        x = self.up2(x, x3)
        x = self.up3(x, x2)
        x = self.up4(x, x1)
        return self.out(x)


def parameter_count(model):
    return sum(parameter.numel() for parameter in model.parameters())


if __name__ == "__main__":
    assert parameter_count(UNet()) == 14_725_026
    assert parameter_count(UNet(norm="batch")) == 14_732_898
    print("parameter counts: ok")
