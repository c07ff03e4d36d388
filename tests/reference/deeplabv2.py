"""DeepLabV2 with a ResNet-v1c in PyTorch, with the parameter names of open-mmlab. Needs torch and transformers from PyPI."""

import torch
from torch import nn

from street_networks import TwoScales

R50, R101 = (3, 4, 6, 3), (3, 4, 23, 3)


def conv3x3(inputs, outputs, stride=1, dilation=1):
    return nn.Conv2d(inputs, outputs, 3, stride, padding=dilation, dilation=dilation, bias=False)


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride, dilation):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv3x3(width, width, stride, dilation), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width)
        if stride != 1 or inputs != 4 * width:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, 4 * width, 1, stride, bias=False),
                                            nn.BatchNorm2d(4 * width))

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        y = torch.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return torch.relu(y + (self.downsample(x) if hasattr(self, "downsample") else x))


class ResNetV1c(nn.Module):
    """Stem of three 3x3 convolutions, output stride 8, "contract dilation"."""

    def __init__(self, depths, widths=(64, 128, 256, 512)):
        super().__init__()
        stem = widths[0]
        self.stem = nn.Sequential(conv3x3(3, stem // 2, 2), nn.BatchNorm2d(stem // 2), nn.ReLU(),
                                  conv3x3(stem // 2, stem // 2), nn.BatchNorm2d(stem // 2), nn.ReLU(),
                                  conv3x3(stem // 2, stem), nn.BatchNorm2d(stem), nn.ReLU())
        inputs = stem
        for s, (depth, width) in enumerate(zip(depths, widths)):
            stride, dilation, first_dilation = (1, 2, 1, 1)[s], (1, 1, 2, 4)[s], (1, 1, 1, 2)[s]
            blocks = []
            for i in range(depth):
                blocks.append(Bottleneck(inputs, width, stride if i == 0 else 1, dilation if i else first_dilation))
                inputs = 4 * width
            setattr(self, f"layer{s + 1}", nn.Sequential(*blocks))

    def forward(self, x):
        x = nn.functional.max_pool2d(self.stem(x), 3, 2, 1)
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))


class ConvModule(nn.Module):
    def __init__(self, inputs, classes, dilation):
        super().__init__()
        self.conv = nn.Conv2d(inputs, classes, 3, padding=dilation, dilation=dilation)


class Head(nn.Module):
    def __init__(self, inputs, classes):
        super().__init__()
        self.aspp_modules = nn.ModuleList([ConvModule(inputs, classes, d) for d in (6, 12, 18, 24)])

    def forward(self, x):
        return sum(module.conv(x) for module in self.aspp_modules)


class DeepLabV2(nn.Module):
    def __init__(self, depths, classes, widths=(64, 128, 256, 512)):
        super().__init__()
        self.backbone = ResNetV1c(depths, widths)
        self.decode_head = Head(4 * widths[-1], classes)

    def forward(self, x):
        features = self.backbone(x)
        return self.decode_head(features), features


class HrdaHead(nn.Module):
    def __init__(self, inputs, classes):
        super().__init__()
        self.head, self.scale_attention = LastMap(inputs, classes), LastMap(inputs, classes)


class LastMap(Head):
    def forward(self, maps):
        return super().forward(maps[-1])


class HrdaDeepLabV2(TwoScales):
    def __init__(self, depths, classes, widths, crop):
        super().__init__(crop, stride=8)
        self.backbone = ResNetV1c(depths, widths)
        self.decode_head = HrdaHead(4 * widths[-1], classes)

    def maps(self, images):
        return [self.backbone(images)]


if __name__ == "__main__":
    for name, depths in (("r50", R50), ("r101", R101)):
        model = DeepLabV2(depths, 19)
        print(name, sum(p.numel() for p in model.parameters()), sum(p.numel() for p in model.backbone.parameters()))
