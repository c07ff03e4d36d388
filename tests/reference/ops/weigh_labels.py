import torch


def forward(inputs, attributes):
    label, probability = inputs
    sure = (probability >= attributes["sure"]).double().mean()
    shares = torch.bincount(label.flatten().long(), minlength=int(attributes["classes"])).double() / label.numel()
    value = sure if attributes["by_quality"] else torch.tensor(1.0)
    weight = torch.where(probability >= attributes["least"], value, 0.0)
    return [weight, torch.cat([sure[None], shares])]
