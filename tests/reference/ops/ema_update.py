import torch


def forward(inputs, attributes):
    teacher, student = inputs
    return [torch.lerp(student, teacher, attributes["alpha"])]
