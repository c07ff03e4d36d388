import torch


def forward(inputs, attributes):
    probability, label = torch.softmax(inputs[0], dim=1).max(dim=1)
    return [probability, label]
