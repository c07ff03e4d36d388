import torch


def forward(inputs, attributes):
    a, b = inputs
    # PyTorch's mean of nothing is NaN; the op gives 0.
    return [torch.nn.functional.mse_loss(a, b) if a.numel() else (a - b).sum()]
