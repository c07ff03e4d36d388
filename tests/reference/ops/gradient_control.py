import torch


def forward(inputs, attributes):
    squared_norm, scale, failure, updates = (tensor.clone() for tensor in inputs)
    if not attributes["finite"]:
        squared_norm.fill_(float("inf"))
    scaled, limit = attributes["scaled"], attributes["limit"]
    factor = scale[0].item() if scaled else 1.0
    norm = squared_norm.sqrt().item() / factor
    finite = norm < float("inf")
    if not finite and not scaled and failure[0] == 0:
        failure[0], failure[1] = -1, int(attributes["step"])
    clip = min(1.0, limit / (norm + 1e-6)) if limit > 0 else 1.0
    skip = not finite or failure[0] != 0
    if not skip:
        updates += 1
    corrections = [1.0, 1.0] if skip else [1 / (1 - 0.9 ** updates.item()), (1 - 0.999 ** updates.item()) ** -0.5]
    control = torch.tensor([clip / factor, float(skip)] + corrections, dtype=torch.float64)
    if scaled:
        if not finite:
            scale = torch.tensor([scale[0] / 2, 0.0])
        elif scale[1] + 1 >= attributes["growth_interval"]:
            scale = torch.tensor([scale[0] * 2, 0.0])
        else:
            scale = torch.tensor([scale[0], scale[1] + 1])
    return [control, scale, failure, updates]
