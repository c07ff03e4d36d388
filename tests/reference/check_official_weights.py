"""The whole way from a .pth of PyTorch to a prediction, at the size of SegFormer-B0.

    python3 tests/reference/check_official_weights.py build/masktwins

Writes a .pth with NVIDIA's names, imports it, predicts an image, and compares with Hugging Face's transformers; then
exports to Hugging Face's names and loads that into transformers. Needs torch, transformers, safetensors and pillow.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import torch
from PIL import Image
from safetensors.torch import load_file
from transformers import SegformerConfig, SegformerForSemanticSegmentation

from street_networks import hugging_face
from write_official_weights import nvidia_names

CLASSES = 19
CONFIG = f"""
[model]
name = "segformer-b0"
in_channels = 3
classes = {CLASSES}
[data]
normalize = "imagenet"
[train]
crop = 128
"""


def probabilities(model, pixels):
    mean, deviation = torch.tensor([123.675, 116.28, 103.53]), torch.tensor([58.395, 57.12, 57.375])
    x = ((torch.from_numpy(pixels).float() - mean) / deviation).permute(2, 0, 1)[None]
    with torch.no_grad():
        logits = model(x.double()).logits
    return torch.nn.functional.interpolate(logits, size=pixels.shape[:2], mode="bilinear").softmax(1)[0]


def main(program):
    torch.manual_seed(1)
    model = hugging_face([32, 64, 160, 256], [2, 2, 2, 2], CLASSES).eval()
    model.decode_head.classifier.weight.data *= 20  # so that classes differ
    pixels = numpy.random.default_rng(1).integers(0, 256, (8, 8, 3), dtype=numpy.uint8).repeat(16, 0).repeat(16, 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = lambda *arguments: subprocess.run([program, *map(str, arguments)], check=True)
        torch.save({"state_dict": nvidia_names(model.state_dict())}, folder / "b0.pth")
        Image.fromarray(pixels).save(folder / "image.png")
        (folder / "config.toml").write_text(CONFIG)
        run("import", folder / "b0.pth", "--out", folder / "b0.safetensors", "--model", "segformer-b0")
        run("predict", "--run", folder / "config.toml", "--checkpoint", folder / "b0.safetensors",
            folder / "image.png", "--out", folder / "out", "--set", "data.label_values={0=0}")
        run("export", folder / "b0.safetensors", "--names", "huggingface", "--out", folder / "model.safetensors")
        expected = probabilities(model, pixels)
        mask = numpy.array(Image.open(folder / "out/image_mask.png"))
        likely = numpy.array(Image.open(folder / "out/image_probability.png")).astype(float) / 65535
        print("classes", len(numpy.unique(mask)), "pixels with another class", (mask != expected.argmax(0).numpy()).sum(),
              "largest difference of a probability", abs(likely - expected.amax(0).numpy()).max())
        config = SegformerConfig(num_labels=CLASSES)
        config.save_pretrained(folder)
        again = SegformerForSemanticSegmentation.from_pretrained(folder).eval()
        same = all(torch.equal(a, b) for a, b in zip(again.state_dict().values(), model.float().state_dict().values()))
        print("exported to Hugging Face, loaded there: the same weights" if same else "DIFFERENT")


if __name__ == "__main__":
    main(sys.argv[1])
