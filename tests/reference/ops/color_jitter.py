"""kornia 0.5.8's adjustments; the conversions are those of Python's colorsys, with kornia's 1e-6 in the saturation."""

import colorsys

import torch

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def change_hsv(pixel, saturation, turns):
    hue, _, value = colorsys.rgb_to_hsv(*pixel)
    s = (max(pixel) - min(pixel)) / (max(pixel) + 1e-6)
    return colorsys.hsv_to_rgb((hue + turns) % 1, min(1.0, max(0.0, saturation * s)), value)


def change_image_hsv(image, saturation, turns):
    if image.shape[0] != 3:
        return image
    pixels = [change_hsv(pixel, saturation, turns) for pixel in image.flatten(1).T.tolist()]
    return torch.tensor(pixels, dtype=torch.float64).T.reshape(image.shape)


def jitter(image, factors, order):
    brightness, contrast, saturation, hue = factors.tolist()
    for change in order:
        if change == "0":
            image = (image + brightness - 1).clamp(0, 1)
        elif change == "1":
            image = (image * contrast).clamp(0, 1)
        elif change == "2":
            image = change_image_hsv(image, saturation, 0)
        else:
            image = change_image_hsv(image, 1, hue - 1)
    return image


def forward(inputs, attributes):
    x, factors = inputs
    mean, std = (torch.tensor(v, dtype=torch.float64)[: x.shape[1], None, None] for v in (MEAN, STD))
    order = f"{int(attributes['order']):04d}"
    images = [(jitter(image * std + mean, f, order) - mean) / std for image, f in zip(x, factors)]
    return [torch.stack(images) if images else x]
