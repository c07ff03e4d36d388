import torch


def forward(inputs, attributes):
    parameter, gradient, velocity = (tensor.clone() for tensor in inputs)
    parameter.grad = gradient
    # Without momentum PyTorch keeps no velocity; it is the decayed gradient.
    decayed = gradient + attributes["weight_decay"] * parameter
    optimizer = torch.optim.SGD([parameter], lr=attributes["lr"], momentum=attributes["momentum"],
                                weight_decay=attributes["weight_decay"])
    optimizer.state[parameter] = {"momentum_buffer": velocity}
    optimizer.step()
    return [parameter, velocity if attributes["momentum"] else decayed]
