import torch


def forward(inputs, attributes):
    size = int(attributes["height"]), int(attributes["width"])
    return [torch.nn.functional.interpolate(inputs[0], size, mode="nearest")]
