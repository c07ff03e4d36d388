import torch


def forward(inputs, attributes):
    a, b = inputs
    distance = torch.linalg.vector_norm(a - b, dim=1)
    # PyTorch's mean of nothing is NaN; the op gives 0.
    return [distance.mean() if a.numel() else distance.sum()]
