import torch


def forward(inputs, attributes):
    parameter, gradient, velocity = (tensor.clone() for tensor in inputs)
    parameter.grad = attributes["gradient_scale"] * gradient
    # Without momentum PyTorch keeps no velocity; it is the decayed gradient.
    decayed = parameter.grad + attributes["weight_decay"] * parameter
    optimizer = torch.optim.SGD([parameter], lr=attributes["learning_rate"], momentum=attributes["momentum"],
                                weight_decay=attributes["weight_decay"])
    optimizer.state[parameter] = {"momentum_buffer": velocity}
    optimizer.step()
    return [parameter, velocity if attributes["momentum"] else decayed]
