import torch


def forward(inputs, attributes):
    parameter, gradient, first, second = (tensor.clone() for tensor in inputs)
    parameter.grad = gradient
    kind = torch.optim.AdamW if attributes["decoupled"] else torch.optim.Adam
    optimizer = kind([parameter], lr=attributes["lr"], betas=(0.9, 0.999), eps=1e-8,
                     weight_decay=attributes["weight_decay"])
    optimizer.state[parameter] = {"step": torch.tensor(attributes["t"] - 1), "exp_avg": first,
                                  "exp_avg_sq": second}
    optimizer.step()
    return [parameter, first, second]
