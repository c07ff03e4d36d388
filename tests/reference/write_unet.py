"""One forward and backward pass of the U-Net with every norm, in float64, for tests/nn/unet_golden_test.cpp.

    python3 tests/reference/write_unet.py     writes tests/golden/unet/<norm>.safetensors

`parameter.*` and `image` are the inputs (all exact in float32), `weights` turn the logits into one number,
`logits` and `gradient.*` the results. With batch norm also `buffer.*`, the running moments after this pass,
and `logits_evaluation`, the logits in evaluation mode with them. Needs torch and safetensors from PyPI.
"""

from pathlib import Path

import torch
from safetensors.torch import save_file

from unet import NORMS, UNet

FOLDER = Path(__file__).resolve().parent.parent / "golden" / "unet"


def golden(norm):
    generator = torch.Generator().manual_seed(1)
    model = UNet(width=2, channels=1, classes=3, norm=norm).double()
    values = {}
    for name, parameter in model.named_parameters():
        # Weights near PyTorch's own scale, factors of the norms near 1.
        fan_in = max(1, parameter[0].numel()) if parameter.dim() > 1 else 4
        draw = torch.randn(parameter.shape, generator=generator) / fan_in ** 0.5
        is_factor = parameter.dim() == 1 and name.endswith("weight")
        parameter.data = (draw + is_factor).double()
        values[f"parameter.{name}"] = parameter.data.float()
    values["image"] = torch.randn(2, 1, 32, 48, generator=generator)
    values["weights"] = torch.randn(2, 3, 32, 48, generator=generator)

    values["logits"] = model(values["image"].double())
    values["logits"].backward(values["weights"].double())
    values.update({f"gradient.{name}": parameter.grad for name, parameter in model.named_parameters()})
    if norm == "batch":
        values.update({f"buffer.{name}": buffer for name, buffer in model.named_buffers()})
        values["logits_evaluation"] = model.eval()(values["image"].double())
    return {name: value.detach().contiguous() for name, value in values.items()}


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for kind in NORMS:
        save_file(golden(kind), FOLDER / f"{kind}.safetensors")
