import torch


def forward(inputs, attributes):
    return [torch.cat(inputs, dim=1)]
