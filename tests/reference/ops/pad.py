import torch


def forward(inputs, attributes):
    top, left, height, width = (int(attributes[key]) for key in ("top", "left", "height", "width"))
    below, right = height - top - inputs[0].shape[2], width - left - inputs[0].shape[3]
    return [torch.nn.functional.pad(inputs[0], (left, right, top, below))]
