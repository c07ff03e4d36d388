def forward(inputs, attributes):
    first = int(attributes["first"])
    return [inputs[0][:, first:first + int(attributes["count"])]]
