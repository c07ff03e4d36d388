import torch

from philox import uniform01, words


def forward(inputs, attributes):
    (labels,) = inputs
    values = labels.unique().long().tolist()
    draws = uniform01(words(seed=5, site=3, step=11, count=256 * len(labels))[:, 0])
    chosen = torch.zeros(len(labels), 256)
    for image in range(len(labels)):
        deck = list(values)
        for i in range((len(values) + 1) // 2):
            card = int(draws[image * 256 + i] * len(deck))
            chosen[image, deck[card]] = 1
            deck[card] = deck[0]
            deck.pop(0)
    return [chosen]
