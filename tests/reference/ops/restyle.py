def forward(inputs, attributes):
    x, mean, variance = inputs
    style = [n % len(mean) for n in range(len(x))]
    deviation = (variance + attributes["eps"]).sqrt()
    return [x * deviation[style][:, :, None, None] + mean[style][:, :, None, None]]
