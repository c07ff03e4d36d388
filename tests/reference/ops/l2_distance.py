import torch


def forward(inputs, attributes):
    a, b, *weights = inputs
    distance = torch.linalg.vector_norm(a - b, dim=1)
    weight = weights[0] if weights else torch.ones_like(distance)
    # 0 / 0 is NaN in PyTorch; the op gives 0 without pixels or with weights of 0.
    return [(weight * distance).sum() / weight.sum() if weight.sum() > 0 else (weight * distance).sum()]
