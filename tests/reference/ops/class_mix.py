import torch


def forward(inputs, attributes):
    image, label, target_image, target_label, target_weight, chosen = inputs
    turn = torch.arange(len(image)) % len(target_image)
    taken = torch.gather(chosen, 1, label.flatten(1).long()).reshape(label.shape).bool()
    return [
        torch.where(taken[:, None], image, target_image[turn]),
        torch.where(taken, label, target_label[turn]),
        torch.where(taken, 1.0, target_weight[turn]),
    ]
