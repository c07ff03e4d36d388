import torch


def forward(inputs, attributes):
    x, *affine = inputs
    y = torch.nn.functional.group_norm(x, int(attributes["groups"]), *affine, eps=1e-5)
    return [torch.relu(y) if attributes["relu"] else y]
