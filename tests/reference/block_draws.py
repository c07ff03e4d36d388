"""The numbers behind a block mask: one uniform draw per cell, shown by all pixels of the cell."""

import torch

from philox import uniform01, words


def block_draws(seed, site, step, batch, height, width, block):
    """(batch, height, width); the image is cut into round(height / block) x round(width / block) cells."""
    if batch == 0:
        return torch.empty(0, height, width)
    rows, columns = max(1, round(height / block)), max(1, round(width / block))
    cells = torch.from_numpy(uniform01(words(seed, site, step, batch * rows * columns)[:, 0]))
    cells = cells.reshape(batch, 1, rows, columns)
    return torch.nn.functional.interpolate(cells, size=(height, width), mode="nearest")[:, 0]
