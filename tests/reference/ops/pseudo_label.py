import torch


def forward(inputs, attributes):
    probability, label = torch.softmax(inputs[0], dim=1).max(dim=1)
    label[probability < attributes["foreground_threshold"]] = 0
    return [probability, label]
