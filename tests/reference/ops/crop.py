def forward(inputs, attributes):
    top, left, height, width = (int(attributes[key]) for key in ("top", "left", "height", "width"))
    return [inputs[0][:, :, top:top + height, left:left + width]]
