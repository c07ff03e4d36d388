import torch


def rows(x):
    return x.flatten(2).transpose(1, 2) if x.dim() == 4 else x


def forward(inputs, attributes):
    heads = int(attributes["heads"])
    q, (k, v) = rows(inputs[0]), rows(inputs[1]).chunk(2, dim=-1)
    q, k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (q, k, v))
    o = torch.softmax(attributes["scale"] * q @ k.transpose(-1, -2), dim=-1) @ v
    o = o.transpose(1, 2).flatten(2)
    return [o.transpose(1, 2).reshape(inputs[0].shape) if inputs[0].dim() == 4 else o]
