import torch
import torch.nn.functional as F

from .family import Family
from .values import SHAPES, exactly, half, normal, odd


def leaky_relu(x, negativeSlope):
    return F.leaky_relu(x, negativeSlope)


def gelu_tanh(x):
    return F.gelu(x, approximate="tanh")


def softplus(x, beta, threshold):
    return F.softplus(x, beta, threshold)


def hardtanh(x, min, max):
    return F.hardtanh(x, min, max)


# op: function, attributes of its cases
ACTIVATIONS = {
    "relu": (F.relu, [{}]),
    "leakyRelu": (leaky_relu, [{"negativeSlope": 0.01}, {"negativeSlope": 0.2}]),
    "elu": (lambda x, alpha: F.elu(x, alpha), [{"alpha": 1.0}, {"alpha": 0.5}]),
    "gelu": (F.gelu, [{}]),
    "geluTanh": (gelu_tanh, [{}]),
    "silu": (F.silu, [{}]),
    "softplus": (softplus, [{"beta": 1.0, "threshold": 20.0}, {"beta": 2.0, "threshold": 3.0}]),
    "hardtanh": (hardtanh, [{"min": -1.0, "max": 1.0}, {"min": 0.0, "max": 6.0}]),
    "hardsigmoid": (F.hardsigmoid, [{}]),
    "logSigmoid": (F.logsigmoid, [{}]),
}
LARGE = ["gelu", "silu"]


def make():
    family = Family()
    inf, nan = float("inf"), float("nan")
    for op, (function, variants) in ACTIVATIONS.items():
        for variant, attributes in enumerate(variants):
            suffix = f"_{variant}" if variant else ""
            for name, shape in SHAPES.items():
                family.case(
                    f"{op}/{name}{suffix}", function, normal(*shape, scale=2.0), **attributes)
        attributes = variants[0]
        family.case(f"{op}/half", function, half(normal(3, 17)), **attributes)
        for layout in ["transposed", "sliced"]:
            family.case(f"{op}/{layout}", function, normal(6, 7), layouts=[layout], **attributes)
        family.case(f"{op}/far", function, normal(33, scale=30.0), **attributes)
        family.case(
            f"{op}/special", function, exactly([nan, inf, -inf, 0.0, -0.0, 100.0, -100.0]),
            gradients=[], **attributes)
        if op in LARGE:
            family.case(f"{op}/37x129", function, normal(37, 129), **attributes)
        for variant, attributes in enumerate(variants):
            # Few at a time: PyTorch's loop over whole registers gives hardtanh another gradient at
            # a not-a-number than its plain one.
            for part in [0, 6]:
                family.case(
                    f"{op}/odd_{variant}_{part}", function,
                    lambda generator, part=part: odd()(generator)[part:part + 6], **attributes)
    zero = exactly([0.0, -0.0, 1.0, -1.0])
    family.case("relu/kink_zero", F.relu, zero)
    family.case("leakyRelu/kink_zero", leaky_relu, zero, negativeSlope=0.01)
    return family
