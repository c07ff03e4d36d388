"""MiT from Hugging Face's transformers under the official names, and the heads of DAFormer and HRDA in PyTorch.

Needs torch and transformers (5.24, whose modules these rules name) from PyPI.
"""

import re

import torch
from torch import nn
from torch.nn.functional import interpolate
from transformers import SegformerConfig, SegformerForSemanticSegmentation, SegformerModel


def hugging_face(channels, depths, classes=None, head_channels=256):
    """A SegFormer without dropout; norms inside and after the stages get the official eps."""
    config = SegformerConfig(hidden_sizes=channels, depths=depths, num_attention_heads=[1, 2, 5, 8],
                             sr_ratios=[8, 4, 2, 1], drop_path_rate=0.0, hidden_dropout_prob=0.0,
                             attention_probs_dropout_prob=0.0, classifier_dropout_prob=0.0,
                             decoder_hidden_size=head_channels, num_labels=classes or 2)
    model = SegformerForSemanticSegmentation(config) if classes else SegformerModel(config)
    for name, module in model.named_modules():
        if re.search(r"layernorm_(before|after)$|stages\.\d\.layer_norm$", name):
            module.eps = 1e-6
    return model.double().train()


RULES = [
    (r"^segformer\.", ""),
    (r"^stages\.(\d)\.patch_embeddings\.proj\.", lambda m: f"backbone.patch_embed{int(m[1]) + 1}.proj."),
    (r"^stages\.(\d)\.patch_embeddings\.layer_norm\.", lambda m: f"backbone.patch_embed{int(m[1]) + 1}.norm."),
    (r"^stages\.(\d)\.layer_norm\.", lambda m: f"backbone.norm{int(m[1]) + 1}."),
    (r"^stages\.(\d)\.blocks\.", lambda m: f"backbone.block{int(m[1]) + 1}."),
    (r"\.layernorm_before\.", ".norm1."),
    (r"\.layernorm_after\.", ".norm2."),
    (r"\.attention\.q_proj\.", ".attn.q."),
    (r"\.attention\.k_proj\.", ".attn.kv:key."),
    (r"\.attention\.v_proj\.", ".attn.kv:value."),
    (r"\.attention\.o_proj\.", ".attn.proj."),
    (r"\.attention\.sequence_reduction\.sequence_reduction\.", ".attn.sr."),
    (r"\.attention\.sequence_reduction\.layer_norm\.", ".attn.norm."),
    (r"^decode_head\.linear_projections\.", "decode_head.linear_c."),
    (r"^decode_head\.linear_fuse\.", "decode_head.linear_fuse.conv."),
    (r"^decode_head\.batch_norm\.", "decode_head.linear_fuse.bn."),
    (r"^decode_head\.classifier\.", "decode_head.linear_pred."),
]


def official_name(name):
    """As in the official checkpoints; keys and values give `...attn.kv:key.weight`, `...attn.kv:value.weight`."""
    for pattern, replacement in RULES:
        name = re.sub(pattern, replacement, name)
    return name


def is_factor(name):
    return re.search(r"(norm\d?|bn)\.weight$", name) is not None


def swap_levels(name, tensor):
    """Hugging Face joins the maps from the last to the first; our order is the encoder's."""
    if name != "decode_head.linear_fuse.conv.weight":
        return tensor
    return torch.cat(list(reversed(tensor.chunk(4, dim=1))), dim=1)


def official_shapes(module, prefix=""):
    """{official name: shape} of a module of Hugging Face's whose parameters have this prefix in the model."""
    shapes = {}
    for name, parameter in module.named_parameters(prefix=prefix):
        official, shape = official_name(name), list(parameter.shape)
        if ":" in official:
            official, shape[0] = re.sub(r":(key|value)", "", official), 2 * shape[0]
        shapes[official] = shape
    return shapes


def load_official(module, values, prefix=""):
    for name, parameter in module.named_parameters(prefix=prefix):
        official = official_name(name)
        value = values[re.sub(r":(key|value)", "", official)]
        if ":" in official:
            value = value.chunk(2)[0 if ":key" in official else 1]
        parameter.data = swap_levels(official, value).clone()


def official_gradients(module, prefix="", part=lambda parameter: parameter.grad):
    """{official name: gradient}, or what `part` gives for a parameter instead."""
    gradients = {official_name(name): part(p) for name, p in module.named_parameters(prefix=prefix)}
    for name in [n for n in gradients if ":key" in n]:
        key, value = gradients.pop(name), gradients.pop(name.replace(":key", ":value"))
        gradients[name.replace(":key", "")] = torch.cat([key, value])
    return {name: swap_levels(name, gradient) for name, gradient in gradients.items()}


class ConvModule(nn.Module):
    def __init__(self, inputs, outputs, kernel, **options):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, bias=False, **options)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return torch.relu(self.bn(self.conv(x)))


class SeparableConvModule(nn.Module):
    def __init__(self, inputs, outputs, dilation):
        super().__init__()
        self.depthwise_conv = ConvModule(inputs, inputs, 3, padding=dilation, dilation=dilation, groups=inputs)
        self.pointwise_conv = ConvModule(inputs, outputs, 1)

    def forward(self, x):
        return self.pointwise_conv(self.depthwise_conv(x))


def dilated_conv_module(inputs, outputs, dilation):
    return ConvModule(inputs, outputs, 3, padding=dilation, dilation=dilation)


class Aspp(nn.Module):
    def __init__(self, inputs, channels, branch=SeparableConvModule):
        super().__init__()
        self.aspp_modules = nn.ModuleList(
            [ConvModule(inputs, channels, 1)] + [branch(inputs, channels, d) for d in (6, 12, 18)])
        self.bottleneck = ConvModule(4 * channels, channels, 3, padding=1)

    def forward(self, x):
        return self.bottleneck(torch.cat([module(x) for module in self.aspp_modules], dim=1))


class SelfAttention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.query_project, self.key_project = ConvModule(channels, channels, 1), ConvModule(channels, channels, 1)
        self.value_project = nn.Conv2d(channels, channels, 1)
        self.output_project = ConvModule(channels, channels, 1)

    def forward(self, x):
        query, key, value = (project(x).flatten(2)
                             for project in (self.query_project, self.key_project, self.value_project))
        scores = torch.einsum("ncq,nck->nqk", query, key) / x.shape[1] ** 0.5
        seen = torch.einsum("nqk,nck->ncq", torch.softmax(scores, dim=-1), value)
        return self.output_project(seen.reshape(x.shape))


class Isa(nn.Module):
    """Interlaced sparse self-attention with groups of 8x8 neighbours."""

    def __init__(self, inputs, channels):
        super().__init__()
        self.in_conv = ConvModule(inputs, channels, 1)
        self.global_relation, self.local_relation = SelfAttention(channels), SelfAttention(channels)

    def forward(self, x):
        x = self.in_conv(x)
        height, width = x.shape[2:]
        below, right = -height % 8, -width % 8
        top, left = below // 2, right // 2
        x = nn.functional.pad(x, (left, right - left, top, below - top))
        x = self.attend(self.global_relation, x, [(..., slice(i, None, 8), slice(j, None, 8))
                                                  for i in range(8) for j in range(8)])
        x = self.attend(self.local_relation, x, [(..., slice(i, i + 8), slice(j, j + 8))
                                                 for i in range(0, x.shape[2], 8) for j in range(0, x.shape[3], 8)])
        return x[..., top:top + height, left:left + width]

    @staticmethod
    def attend(relation, x, groups):
        """Within each group of pixels; all groups are one batch, which batch norm sees together."""
        parts = relation(torch.cat([x[group] for group in groups])).chunk(len(groups))
        seen = torch.zeros_like(x)
        for group, part in zip(groups, parts):
            seen[group] = part
        return seen


class Embedding(nn.Module):
    def __init__(self, inputs, channels):
        super().__init__()
        self.proj = nn.Linear(inputs, channels)

    def forward(self, x):
        return self.proj(x.movedim(1, -1)).movedim(-1, 1)


FUSIONS = {"aspp": Aspp, "dense-aspp": lambda inputs, channels: Aspp(inputs, channels, dilated_conv_module),
           "isa": Isa, "conv1": lambda inputs, channels: ConvModule(inputs, channels, 1)}
FUSIONS["context-f4"] = FUSIONS["conv1"]


class DaformerHead(nn.Module):
    def __init__(self, map_channels, channels, classes, fusion):
        super().__init__()
        self.embed_layers = nn.ModuleList([Embedding(c, channels) for c in map_channels])
        self.context_of_last_map = fusion == "context-f4"
        if self.context_of_last_map:
            self.embed_layers[-1] = nn.Sequential(nn.Conv2d(map_channels[-1], channels, 1), Aspp(channels, channels))
        self.fuse_layer = FUSIONS[fusion](len(map_channels) * channels, channels)
        self.dropout = nn.Identity()
        self.conv_seg = nn.Conv2d(channels, classes, 1)

    def forward(self, maps):
        size = maps[0].shape[2:]
        if self.context_of_last_map:
            maps = [*maps[:-1], interpolate(maps[-1], size=size, mode="bilinear")]
        embedded = [layer(x) for layer, x in zip(self.embed_layers, maps)]
        joined = torch.cat([interpolate(x, size=size, mode="bilinear") for x in embedded], dim=1)
        return self.conv_seg(self.dropout(self.fuse_layer(joined)))


class HrdaHead(nn.Module):
    def __init__(self, map_channels, channels, classes):
        super().__init__()
        self.head = DaformerHead(map_channels, channels, classes, "aspp")
        self.scale_attention = DaformerHead(map_channels, channels, classes, "conv1")


def doubled(x):
    return interpolate(x, scale_factor=2, mode="bilinear")


class TwoScales(nn.Module):
    """HRDA: the image at half size, and square windows of `crop` pixels at full size. Subclasses have `maps(images)`,
    and heads in `decode_head` whose logits have 1 / `stride` of the size."""

    def __init__(self, crop, stride):
        super().__init__()
        self.crop, self.stride = crop, stride

    def context(self, images):
        maps = self.maps(interpolate(images, scale_factor=0.5, mode="bilinear"))
        return self.decode_head.head(maps), torch.sigmoid(self.decode_head.scale_attention(maps)), maps[-1]

    def fuse(self, context, attention, details):
        return doubled(attention) * details + doubled((1 - attention) * context)

    def box(self, top, left, scale):
        """A window's rows and columns in maps with 1 / scale of the size."""
        return (..., slice(top // scale, (top + self.crop) // scale), slice(left // scale, (left + self.crop) // scale))

    def forward(self, images, top, left):
        """Logits, those of the window at (top, left), and the features of the half-sized image."""
        context, attention, features = self.context(images)
        details = self.decode_head.head(self.maps(images[self.box(top, left, 1)]))
        batch, classes, height, width = context.shape
        mask, placed = torch.zeros_like(attention), context.new_zeros(batch, classes, 2 * height, 2 * width)
        mask[self.box(top, left, 2 * self.stride)] = 1
        placed[self.box(top, left, self.stride)] = details
        return self.fuse(context, attention * mask, placed), details, features

    def predict(self, images):
        """Logits at the size of the images, details from half-overlapping windows in one batch."""
        context, attention, _ = self.context(images)
        height, width = images.shape[2:]
        tops, lefts = (sorted({*range(0, size - self.crop, self.crop // 2), size - self.crop})
                       for size in (height, width))
        boxes = [(top, left) for top in tops for left in lefts]
        parts = self.decode_head.head(self.maps(torch.cat([images[self.box(*box, 1)] for box in boxes])))
        total = context.new_zeros(*context.shape[:2], height // self.stride, width // self.stride)
        count = torch.zeros_like(total)
        for box, part in zip(boxes, parts.chunk(len(boxes))):
            total[self.box(*box, self.stride)] += part
            count[self.box(*box, self.stride)] += 1
        return interpolate(self.fuse(context, attention, total / count), size=(height, width), mode="bilinear")


class Hrda(TwoScales):
    def __init__(self, channels, depths, head_channels, classes, crop):
        super().__init__(crop, stride=4)
        self.segformer = hugging_face(channels, depths)
        self.decode_head = HrdaHead(channels, head_channels, classes)

    def maps(self, images):
        return self.segformer(images, output_hidden_states=True).hidden_states


class Daformer(nn.Module):
    def __init__(self, channels, depths, head_channels, classes):
        super().__init__()
        self.segformer = hugging_face(channels, depths)
        self.decode_head = DaformerHead(channels, head_channels, classes, "aspp")

    def maps(self, images):
        return self.segformer(images, output_hidden_states=True).hidden_states

    def forward(self, images):
        return self.decode_head(self.maps(images))


class LogitsOnly(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, images):
        return self.model(images).logits


def mit_b0_with_head(head, classes):
    """Images to logits at a quarter of their size, in single precision; head: segformer or daformer."""
    b0 = {"channels": [32, 64, 160, 256], "depths": [2, 2, 2, 2]}
    if head == "segformer":
        return LogitsOnly(hugging_face(**b0, classes=classes)).float()
    return Daformer(**b0, head_channels=256, classes=classes).float()
