import math

import torch
import torch.nn.functional as F


def weights(size, sigma):
    tenth = math.ceil(0.1 * size)
    taps = max(1, math.floor(tenth - 0.5 + tenth % 2))
    distance = torch.arange(taps, dtype=torch.float64) - taps // 2
    return torch.softmax(-distance**2 / (2 * sigma**2), 0)


def forward(inputs, attributes):
    x = inputs[0]
    rows, columns = (weights(size, attributes["sigma"]) for size in x.shape[2:])
    if x.numel() == 0:
        return [x]
    kernel = (rows[:, None] * columns)[None, None].repeat(x.shape[1], 1, 1, 1)
    across, down = len(columns) // 2, len(rows) // 2
    return [F.conv2d(F.pad(x, (across, across, down, down), mode="reflect"), kernel, groups=x.shape[1])]
