import torch


def cells(x, attributes):
    """Padded images (n, c, h, w) with both axes cut in two: group and position, or position and group."""
    rows, columns, height, width = (int(attributes[key]) for key in ("rows", "columns", "height", "width"))
    if attributes["interlaced"]:
        return x.view(*x.shape[:2], height, rows, width, columns).permute(0, 3, 5, 1, 2, 4)
    return x.view(*x.shape[:2], rows, height, columns, width).permute(0, 2, 4, 1, 3, 5)


def padding(image_height, image_width, attributes):
    below = int(attributes["rows"] * attributes["height"]) - image_height
    right = int(attributes["columns"] * attributes["width"]) - image_width
    return right // 2, right - right // 2, below // 2, below - below // 2


def forward(inputs, attributes):
    x = torch.nn.functional.pad(inputs[0], padding(*inputs[0].shape[2:], attributes))
    return [cells(x, attributes).flatten(0, 2)]
