import torch

from .family import Family, label
from .values import boolean, distinct, exactly, half, nonzero, normal, whole


def over(reduce):
    """Lets a torch reduction take `axes` (a list, or none for all) and `keep`."""

    def function(x, axes, keep):
        return reduce(x, tuple(range(x.dim())) if axes is None else axes, keep)

    return function


def prod(x, axes, keep):
    """PyTorch multiplies along one axis at a time."""
    for axis in sorted(range(x.dim()) if axes is None else [a % x.dim() for a in axes])[::-1]:
        x = x.prod(axis, keepdim=keep)
    return x


def moment(reduce):
    def function(x, axes, keep, correction):
        axes = tuple(range(x.dim())) if axes is None else axes
        return reduce(x, dim=axes, keepdim=keep, correction=correction)

    return function


def norm(x, p, axes, keep):
    return torch.linalg.vector_norm(x, p, dim=axes, keepdim=keep)


def largest(x):
    """Over all elements: unlike `amax` it shares the gradient among those that are NaN."""
    return torch.max(x)


def smallest(x):
    return torch.min(x)


def largest_along(x, axis, keep):
    return tuple(torch.max(x, axis, keepdim=keep))


def smallest_along(x, axis, keep):
    return tuple(torch.min(x, axis, keepdim=keep))


def argmax(x, axis, keep):
    return torch.argmax(x, axis, keepdim=keep)


def argmin(x, axis, keep):
    return torch.argmin(x, axis, keepdim=keep)


def cumsum(x, axis):
    return torch.cumsum(x, axis)


REDUCTIONS = {
    "sum": (over(torch.sum), normal),
    "mean": (over(torch.mean), normal),
    "prod": (prod, nonzero),
    "max": (over(torch.amax), distinct),
    "min": (over(torch.amin), distinct),
    "logSumExp": (over(torch.logsumexp), normal),
    "all": (over(torch.all), boolean),
    "any": (over(torch.any), boolean),
}
# shape, axes, keep
GRID = [
    ((), None, False), ((1,), None, False), ((5,), None, False), ((5,), [0], True),
    ((67,), [-1], False), ((3, 4), None, False), ((3, 4), None, True), ((3, 4), [0], False),
    ((3, 4), [0], True), ((3, 4), [1], False), ((3, 4), [-1], True), ((3, 4), [0, 1], False),
    ((2, 3, 4), [0], False), ((2, 3, 4), [1], False), ((2, 3, 4), [2], False),
    ((2, 3, 4), [0, 2], False), ((2, 3, 4), [0, 2], True), ((2, 3, 4), [-3, -2], False),
    ((17, 33), [0], False), ((17, 33), [1], False), ((0, 4), [1], False),
    ((2, 5, 3, 3), [0, 2, 3], True),
]
# an empty set has these; it has no largest element
OF_NOTHING = ["sum", "mean", "prod", "logSumExp", "all", "any"]


def name(shape, axes, keep):
    where = "all" if axes is None else "axes" + "".join(map(str, axes))
    return f"{label(shape)}_{where}" + ("_keep" if keep else "")


def make():
    family = Family()
    for op, (function, kind) in REDUCTIONS.items():
        for shape, axes, keep in GRID:
            if op == "prod" and shape == (17, 33):
                continue
            family.case(
                f"{op}/{name(shape, axes, keep)}", function, kind(*shape), axes=axes, keep=keep)
        if op in OF_NOTHING:
            for axes in [None, [0]]:
                family.case(
                    f"{op}/{name((0, 4), axes, False)}", function, kind(0, 4), axes=axes,
                    keep=False)
        for layout in ["transposed", "sliced", "flipped"]:
            for axes in [None, [0], [1]]:
                family.case(
                    f"{op}/{layout}_{name((6, 7), axes, False)}", function, kind(6, 7),
                    layouts=[layout], axes=axes, keep=False)
        if kind is not boolean:
            family.case(f"{op}/half", function, half(kind(3, 17)), axes=[1], keep=False)
    for op in ["sum", "mean", "max"]:
        function, kind = REDUCTIONS[op]
        family.case(f"{op}/long", function, kind(4099), axes=None, keep=False)
    for axes in [[0], [1]]:
        family.case(
            f"sum/{name((37, 129), axes, False)}", REDUCTIONS["sum"][0], normal(37, 129),
            axes=axes, keep=False)
    moments(family)
    norms(family)
    positions(family)
    integers(family)
    special(family)
    return family


def moments(family):
    for op, function in [("variance", moment(torch.var)), ("std", moment(torch.std))]:
        for shape, axes, keep in GRID:
            correction = 0 if keep or len(shape) == 3 else 1
            if shape in [(), (1,), (0, 4)]:
                continue  # too few values to have a spread
            family.case(
                f"{op}/{name(shape, axes, keep)}", function, normal(*shape), axes=axes, keep=keep,
                correction=correction)
        for layout in ["transposed", "sliced"]:
            family.case(
                f"{op}/{layout}", function, normal(6, 7), layouts=[layout], axes=[1], keep=False,
                correction=1)
        # where the mean of squares less the square of the mean has lost every digit
        family.case(
            f"{op}/shifted", function, lambda g: normal(3, 67)(g) + 300.0, axes=[1], keep=False,
            correction=1)
    family.case(
        "variance/1", moment(torch.var), normal(1), axes=None, keep=False, correction=0)


def norms(family):
    for p in [1, 2]:
        for shape, axes, keep in GRID:
            family.case(
                f"norm/{p}_{name(shape, axes, keep)}", norm, nonzero(*shape), p=p, axes=axes,
                keep=keep)
        family.case(
            f"norm/{p}_transposed", norm, nonzero(6, 7), layouts=["transposed"], p=p, axes=[1],
            keep=False)
    family.case("norm/kink_zero", norm, exactly([0.0, 0.0]), p=2, axes=None, keep=False)


def positions(family):
    for op, function in [("argmax", argmax), ("argmin", argmin)]:
        for shape, axis, keep in [
            ((5,), None, False), ((3, 4), None, False), ((5,), 0, False), ((3, 4), 0, False),
            ((3, 4), 1, False), ((3, 4), -1, True), ((2, 3, 4), 1, False), ((2, 3, 4), 1, True),
            ((2, 3, 4), 2, False), ((17, 33), 0, False), ((17, 33), 1, False), ((0, 4), 1, False),
        ]:
            axes = None if axis is None else [axis]
            family.case(
                f"{op}/{name(shape, axes, keep)}", function, distinct(*shape), axis=axis,
                keep=keep)
        for layout in ["transposed", "sliced", "flipped"]:
            family.case(
                f"{op}/{layout}", function, distinct(6, 7), layouts=[layout], axis=1, keep=False)
        numbers = exactly([[3, 9, -4], [12, 5, 7]], torch.int64)
        family.case(f"{op}/int64", function, numbers, axis=1, keep=False)
        family.case(
            f"{op}/special_nan", function, exactly([1.0, float("nan"), 3.0]), axis=0, keep=False)
    for shape, axis in [
        ((5,), 0), ((67,), 0), ((3, 4), 0), ((3, 4), 1), ((2, 3, 4), 1), ((2, 3, 4), -1),
        ((0, 4), 1),
    ]:
        family.case(f"cumsum/{label(shape)}_axis{axis}", cumsum, normal(*shape), axis=axis)
    family.case("cumsum/transposed", cumsum, normal(6, 7), layouts=["transposed"], axis=1)
    family.case("cumsum/int64", cumsum, whole(-9, 9, 3, 5, dtype=torch.int64), axis=1)


def integers(family):
    for dtype, title in [(torch.int32, "int32"), (torch.int64, "int64")]:
        numbers = whole(-9, 9, 3, 7, dtype=dtype)
        for op in ["sum", "prod", "max", "min"]:
            for axes in [None, [1]]:
                family.case(
                    f"{op}/{title}_{name((3, 7), axes, False)}", REDUCTIONS[op][0], numbers,
                    axes=axes, keep=False)
    family.case("sum/bool", REDUCTIONS["sum"][0], boolean(3, 7), axes=[1], keep=False)


def special(family):
    inf, nan = float("inf"), float("nan")
    values = exactly([[1.0, nan, 2.0], [inf, 1.0, -1.0], [-inf, 0.0, inf], [-inf, -inf, -inf]])
    for op in ["sum", "mean", "max", "min", "logSumExp"]:
        family.case(
            f"{op}/special", REDUCTIONS[op][0], values, gradients=[], axes=[1], keep=False)
    family.case(
        "logSumExp/far", REDUCTIONS["logSumExp"][0], normal(5, 17, scale=300.0), axes=[1],
        keep=False)
    zeros = exactly([[2.0, 0.0, 3.0], [0.0, 4.0, 0.0], [1.0, 2.0, 3.0]])
    family.case("prod/zeros", prod, zeros, axes=[1], keep=False)
    extremes(family)
    odd(family)
    ties = exactly([[1.0, 2.0, 2.0], [3.0, 3.0, 3.0]])
    for op in ["max", "min"]:  # equal elements share the gradient
        family.case(f"{op}/kink_ties", REDUCTIONS[op][0], ties, axes=[1], keep=False)


def extremes(family):
    nan, inf = float("nan"), float("inf")
    for op, function in [("maxOfAll", largest), ("minOfAll", smallest)]:
        for shape in [(), (1,), (67,), (3, 4)]:
            family.case(f"{op}/{label(shape)}", function, distinct(*shape))
        for title, values in [
            ("nan", [1.0, nan, 3.0, 2.0]), ("nans", [[1.0, nan], [nan, 2.0]]),
            ("infinite", [inf, -inf, inf, -inf]), ("ties", [2.0, 1.0, 2.0, 1.0]),
        ]:
            family.case(f"{op}/odd_{title}", function, exactly(values))
    for op, function in [("maxAlong", largest_along), ("minAlong", smallest_along)]:
        for shape, axis, keep in [((5,), 0, False), ((3, 4), 0, True), ((2, 3, 4), -2, False)]:
            family.case(
                f"{op}/{label(shape)}_{axis}", function, distinct(*shape), axis=axis, keep=keep)
        family.case(
            f"{op}/odd", function,
            exactly([[1.0, nan, 3.0, 2.0], [inf, 1.0, -inf, 0.0], [nan, 1.0, 2.0, nan]]), axis=1,
            keep=False)


def odd(family):
    """Infinities and not-a-numbers, with gradients."""
    nan, inf = float("nan"), float("inf")
    rows = exactly([
        [1.0, nan, 3.0, 2.0], [1.0, inf, 3.0, -2.0], [-inf, inf, 0.0, 1.0], [2.0, 2.0, 2.0, 2.0],
        [-inf, -inf, -inf, -inf], [inf, 1.0, 2.0, inf], [0.0, 0.0, 0.0, 0.0],
        [nan, 0.0, 3.0, 1.0], [inf, 0.0, 0.0, 1.0],
    ])
    for op in ["sum", "mean", "prod", "max", "min", "logSumExp"]:
        for axes in [[1], [0]]:
            family.case(f"{op}/odd_{axes[0]}", REDUCTIONS[op][0], rows, axes=axes, keep=False)
    for title, values in [("nan", [[1.0, nan, 3.0]]), ("infinite", [[2.0, inf, -3.0]])]:
        family.case(
            f"prod/odd_{title}", prod, exactly(values), axes=[1], keep=False)
    for op, function in [("variance", moment(torch.var)), ("std", moment(torch.std))]:
        family.case(f"{op}/odd", function, rows, axes=[1], keep=False, correction=1)
    for p in [1, 2]:
        family.case(f"norm/odd_{p}", norm, rows, p=p, axes=[1], keep=False)
    family.case("cumsum/odd", cumsum, rows, axis=1)
