"""What inputs are made of. A spec is a function from a seeded generator to a tensor."""

import torch

# A small but nasty grid: rank 0, single elements, nothing at all, sizes around vector widths.
SHAPES = {
    "scalar": (),
    "1": (1,),
    "5": (5,),
    "17": (17,),
    "33": (33,),
    "67": (67,),
    "3x4": (3, 4),
    "0x4": (0, 4),
    "2x3x4": (2, 3, 4),
}


def normal(*shape, scale=1.0):
    return lambda generator: torch.randn(shape, generator=generator) * scale


def uniform(low, high, *shape):
    return lambda generator: torch.rand(shape, generator=generator) * (high - low) + low


def positive(*shape):
    return uniform(0.1, 3.0, *shape)


def nonzero(*shape):
    """Of either sign, and at least 0.3 away from zero."""

    def make(generator):
        sign = torch.randint(0, 2, shape, generator=generator) * 2 - 1
        return (torch.rand(shape, generator=generator) * 2 + 0.3) * sign

    return make


def distinct(*shape):
    """Values at least 0.05 apart, so that no order among them hangs on rounding."""

    def make(generator):
        count = torch.Size(shape).numel()
        order = torch.randperm(count, generator=generator).reshape(shape)
        return (order - count / 2) * 0.05

    return make


def whole(low, high, *shape, dtype=torch.int32):
    """Whole numbers from `low` up to and without `high`, in any type."""
    return lambda generator: torch.randint(low, high, shape, generator=generator).to(dtype)


def boolean(*shape):
    return lambda generator: torch.randint(0, 2, shape, generator=generator).bool()


def exactly(values, dtype=torch.float32):
    return lambda generator: torch.tensor(values, dtype=dtype)


def odd_pairs():
    """All pairs of numbers at which operations and their slopes are least smooth."""
    inf, nan = float("inf"), float("nan")
    ends = [nan, inf, -inf, 0.0, -0.0, 1.0, -2.0]
    return [exactly([a for a in ends for _ in ends]), exactly([b for _ in ends for b in ends])]


def odd():
    inf, nan = float("inf"), float("nan")
    return exactly([nan, inf, -inf, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 6.0, 3.0, -3.0])


def half(spec):
    return lambda generator: spec(generator).half()


def repeated(count, spec):
    """`count` equal rows: the logical value of a tensor expanded along a new first dimension."""

    def make(generator):
        row = spec(generator)
        return row.expand(count, *row.shape)

    return make
