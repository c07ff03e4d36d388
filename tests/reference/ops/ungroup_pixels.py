from group_pixels import padding


def forward(inputs, attributes):
    x = inputs[0]
    rows, columns, height, width = (int(attributes[key]) for key in ("rows", "columns", "height", "width"))
    image_height, image_width = int(attributes["image_height"]), int(attributes["image_width"])
    x = x.view(-1, rows, columns, *x.shape[1:])
    order = (0, 3, 4, 1, 5, 2) if attributes["interlaced"] else (0, 3, 1, 4, 2, 5)
    x = x.permute(*order).reshape(x.shape[0], x.shape[3], rows * height, columns * width)
    left, _, top, _ = padding(image_height, image_width, attributes)
    return [x[:, :, top:top + image_height, left:left + image_width]]
