import torch

from .family import Family, label
from .values import (
    SHAPES, exactly, half, nonzero, normal, odd, positive, repeated, uniform, whole)


def above_minus_one(*shape):
    return uniform(-0.9, 3.0, *shape)


def wide(*shape):
    return normal(*shape, scale=4.0)


def clamp(x, min, max):
    return torch.clamp(x, min, max)


UNARY = {
    "negate": (torch.neg, normal),
    "abs": (torch.abs, nonzero),
    "sign": (torch.sign, nonzero),
    "exp": (torch.exp, normal),
    "expm1": (torch.expm1, normal),
    "log": (torch.log, positive),
    "log1p": (torch.log1p, above_minus_one),
    "log2": (torch.log2, positive),
    "sqrt": (torch.sqrt, positive),
    "rsqrt": (torch.rsqrt, positive),
    "square": (torch.square, normal),
    "reciprocal": (torch.reciprocal, nonzero),
    "sin": (torch.sin, wide),
    "cos": (torch.cos, wide),
    "tanh": (torch.tanh, normal),
    "sigmoid": (torch.sigmoid, wide),
    "erf": (torch.erf, normal),
    "floor": (torch.floor, wide),
    "ceil": (torch.ceil, wide),
    "round": (torch.round, wide),
}
LARGE = ["exp", "log", "erf"]
CLAMPS = [(-0.5, 0.8), (0.0, None), (None, 0.3)]


def make():
    family = Family()
    for op, (function, kind) in UNARY.items():
        for name, shape in SHAPES.items():
            family.case(f"{op}/{name}", function, kind(*shape))
        family.case(f"{op}/half", function, half(kind(3, 17)))
        for layout in ["transposed", "sliced", "flipped"]:
            family.case(f"{op}/{layout}", function, kind(6, 7), layouts=[layout])
        family.case(
            f"{op}/broadcast", function, repeated(4, kind(5)), layouts=["broadcast"])
        if op in LARGE:
            family.case(f"{op}/37x129", function, kind(37, 129))
    for low, high in CLAMPS:
        for shape in SHAPES.values():
            family.case(
                f"clamp/{label(shape)}_{low}_{high}", clamp, normal(*shape), min=low, max=high)
    family.case("clamp/half", clamp, half(normal(3, 17)), min=-0.5, max=0.8)
    family.case("clamp/transposed", clamp, normal(6, 7), layouts=["transposed"], min=-0.5, max=0.8)
    integers(family)
    special(family)
    return family


def integers(family):
    for dtype, name in [(torch.int32, "int32"), (torch.int64, "int64")]:
        numbers = whole(-9, 9, 3, 7, dtype=dtype)
        for op in ["negate", "abs", "sign", "square"]:
            family.case(f"{op}/{name}", UNARY[op][0], numbers)
        family.case(f"clamp/{name}", clamp, numbers, min=-3, max=4)


def special(family):
    """Edges of the domain, where results are infinite, not a number, or must not overflow."""
    inf, nan = float("inf"), float("nan")
    values = exactly([
        nan, inf, -inf, 0.0, -0.0, 1.0, -1.0, 88.0, 89.0, -88.0, -104.0, 1e-7, -1e-7, 3e38, -3e38,
        1e-30,
    ])
    for op, (function, _) in UNARY.items():
        if op in ["sin", "cos"]:
            family.case(
                f"{op}/special", function,
                exactly([nan, inf, -inf, 0.0, -0.0, 1e-7, 100.0, -1000.0]), gradients=[])
        else:
            family.case(f"{op}/special", function, values, gradients=[])
    family.case("clamp/special", clamp, values, gradients=[], min=-1.0, max=1.0)

    # the same ends with gradients
    for op, (function, _) in UNARY.items():
        family.case(f"{op}/odd", function, odd())
    for low, high in [(-1.0, 1.0), (0.0, None), (None, 0.5), (1.0, -1.0)]:
        family.case(f"clamp/odd_{low}_{high}", clamp, odd(), min=low, max=high)

    halves = exactly([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999997, 8388609.0, -0.2])
    family.case("round/ties", torch.round, halves)
    zero = exactly([0.0, -0.0, 1.0])
    family.case("abs/kink_zero", torch.abs, zero)
    family.case("sign/kink_zero", torch.sign, zero)
    family.case("clamp/kink_ends", clamp, exactly([-1.0, 1.0, -2.0, 2.0, 0.0]), min=-1.0, max=1.0)
    # where exp(x) - 1 and log(1 + x) computed as written have lost every digit
    tiny = uniform(-1e-6, 1e-6, 17)
    family.case("expm1/tiny", torch.expm1, tiny)
    family.case("log1p/tiny", torch.log1p, tiny)
    far = normal(33, scale=30.0)
    for op in ["tanh", "sigmoid", "erf"]:
        family.case(f"{op}/far", UNARY[op][0], far)
