def forward(inputs, attributes):
    x, index = inputs
    first = int(attributes["first"])
    return [x * (index[:, None] == first + view) for view in range(int(attributes["views"]))]
