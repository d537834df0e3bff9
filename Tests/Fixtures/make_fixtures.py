"""Writes the fixtures of the test-suite: PyTorch's values and gradients, one file per op family.

    python Tests/Fixtures/make_fixtures.py            all families
    python Tests/Fixtures/make_fixtures.py matmul     only those named

Needs torch, numpy and safetensors. The result is the same, byte for byte, for the same versions on
the same machine; README.md says what the files hold.
"""

import importlib
import pathlib
import sys

import torch

FAMILIES = [
    "arithmetic", "comparison", "unary", "activations", "reductions", "matmul", "movement",
    "softmax", "losses", "convolution", "attention", "sorting", "optimizers", "layers",
    "precision",
]


def main(names):
    unknown = [name for name in names if name not in FAMILIES]
    if unknown:
        sys.exit(f"no such family: {', '.join(unknown)}; there are {', '.join(FAMILIES)}")
    torch.set_num_threads(1)  # the order of a sum must not depend on the machine's cores
    torch.backends.mkldnn.enabled = False  # its gelu is not a number at infinity on some machines
    folder = pathlib.Path(__file__).parent
    for name in names or FAMILIES:
        family = importlib.import_module(f"generator.{name}").make()
        size = family.write(folder / f"{name}.safetensors")
        print(f"{name:12} {len(family.attributes):4} cases {size:8} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
