"""First values of parameters that Python and C++ compute alike, so that golden files need not hold them."""

import math

import torch

from philox import uniform01, words

SEED = 11


def noise(site, *shape):
    """Uniform in +-sqrt(3), which has variance 1, in logical order."""
    units = uniform01(words(SEED, site, 0, math.prod(shape))[:, 0])
    return torch.from_numpy(2 * units - 1).reshape(shape) * math.sqrt(3)


def draw(site, shape, factor):
    """Variance 1 / fan in for weights; for vectors 0.01, around 1 for factors."""
    if len(shape) > 1:
        return noise(site, *shape) / math.sqrt(math.prod(shape[1:]))
    return noise(site, *shape) * 0.1 + factor


def draw_all(shapes, factors):
    """{name: shape} -> {name: tensor}; the site of a parameter is its place in the order of names."""
    return {name: draw(site, shapes[name], float(name in factors)) for site, name in enumerate(sorted(shapes))}


def probe(tensor, count=8):
    """So many elements spread over the tensor, and its Euclidean norm."""
    flat = tensor.detach().double().flatten()
    places = [i * (flat.numel() - 1) // (count - 1) for i in range(count)]
    return torch.cat([flat[places], flat.norm().reshape(1)])
