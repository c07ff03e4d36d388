import torch


def forward(inputs, attributes):
    options = {key: int(value) for key, value in attributes.items()}
    return [torch.nn.functional.conv_transpose2d(*inputs, **options)]
