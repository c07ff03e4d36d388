"""IoU and accuracy of random label maps by set operations, for tests/masktwins/metrics_golden_test.cpp.

    python3 tests/reference/write_mean_iou.py     writes tests/golden/mean_iou.safetensors

Three pairs of maps with 11 classes and ignored pixels; class 4 is never a label, class 9 neither a label nor
predicted. Needs numpy and safetensors from PyPI.
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

FILE = Path(__file__).resolve().parent.parent / "golden" / "mean_iou.safetensors"
CLASSES, IGNORED = 11, 255


def random_maps(rng):
    truth = rng.choice([0, 1, 2, 3, 5, 6, 7, 8, 10, IGNORED], size=(3, 17, 23))
    noise = rng.choice([0, 1, 2, 3, 4, 5, 6, 7, 8, 10], size=truth.shape)
    prediction = np.where((rng.random(truth.shape) < 0.6) & (truth != IGNORED), truth, noise)
    return prediction.astype(np.uint8), truth.astype(np.uint8)


def ratio(part, whole):
    return part / whole if whole else np.nan


def scores(prediction, truth):
    counted = truth != IGNORED
    iou, accuracy = [], []
    for label in range(CLASSES):
        predicted, actual = (prediction == label) & counted, truth == label
        both = np.logical_and(predicted, actual).sum()
        iou.append(ratio(both, np.logical_or(predicted, actual).sum()))
        accuracy.append(ratio(both, actual.sum()))
    return np.array(iou), np.array(accuracy), ((prediction == truth) & counted).sum() / counted.sum()


if __name__ == "__main__":
    prediction, truth = random_maps(np.random.default_rng(1))
    iou, accuracy, pixel_accuracy = scores(prediction, truth)
    save_file({"prediction": prediction, "truth": truth, "iou": iou, "accuracy": accuracy,
               "means": np.array([np.nanmean(iou), np.nanmean(accuracy), pixel_accuracy,
                                  np.nanmean(iou[[0, 4, 9, 10]])])}, FILE)
