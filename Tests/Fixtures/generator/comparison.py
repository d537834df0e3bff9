import torch

from .family import Family, label
from .values import boolean, exactly, half, normal, whole

COMPARISONS = {
    "equal": torch.eq, "notEqual": torch.ne, "less": torch.lt, "lessEqual": torch.le,
    "greater": torch.gt, "greaterEqual": torch.ge,
}
SHAPES = [
    ((), ()), ((5,), (5,)), ((67,), (67,)), ((3, 4), (3, 4)), ((0, 4), (0, 4)), ((3, 4), (4,)),
    ((3, 1), (1, 4)), ((2, 1, 4), (3, 1)), ((3, 4), ()),
]


def few(*shape, dtype=torch.float32):
    """Few enough values that equal ones meet."""
    return whole(-2, 3, *shape, dtype=dtype)


def make():
    family = Family()
    inf, nan = float("inf"), float("nan")
    for op, function in COMPARISONS.items():
        for a, b in SHAPES:
            family.case(f"{op}/{label(a, b)}", function, few(*a), few(*b))
        for dtype, name in [
            (torch.int32, "int32"), (torch.int64, "int64"), (torch.float16, "half"),
        ]:
            family.case(f"{op}/{name}", function, few(33, dtype=dtype), few(33, dtype=dtype))
        family.case(f"{op}/promotion_int32_float32", function, few(17, dtype=torch.int32), few(17))
        family.case(
            f"{op}/transposed_sliced", function, few(6, 7), few(6, 7),
            layouts=["transposed", "sliced"])
        family.case(
            f"{op}/special", function, exactly([nan, nan, 1.0, inf, inf, -inf, 0.0]),
            exactly([nan, 1.0, nan, inf, -inf, -inf, -0.0]))
    logic(family)
    selection(family)
    return family


def logic(family):
    for a, b in SHAPES:
        family.case(f"logicalAnd/{label(a, b)}", torch.logical_and, boolean(*a), boolean(*b))
        family.case(f"logicalOr/{label(a, b)}", torch.logical_or, boolean(*a), boolean(*b))
        family.case(f"logicalNot/{label(a)}_{label(b)}", torch.logical_not, boolean(*a))
    special = exactly([float("nan"), float("inf"), -float("inf"), 0.0, 1.0])
    family.case("isNaN/special", torch.isnan, special)
    family.case("isNaN/special_half", torch.isnan, half(special))
    family.case("isNaN/scalar", torch.isnan, normal())
    family.case("isNaN/0x4", torch.isnan, normal(0, 4))


def selection(family):
    shapes = [
        ((), (), ()), ((5,), (5,), (5,)), ((67,), (67,), (67,)), ((3, 4), (3, 4), (3, 4)),
        ((0, 4), (0, 4), (0, 4)), ((3, 4), (), ()), ((4,), (3, 4), (3, 1)),
        ((3, 1), (1, 4), (2, 1, 1)), ((17, 33), (17, 33), (33,)),
    ]
    for condition, a, b in shapes:
        family.case(
            f"where/{label(condition, a, b)}", torch.where, boolean(*condition), normal(*a),
            normal(*b))
    family.case("where/half", torch.where, boolean(3, 17), half(normal(17)), half(normal(3, 17)))
    family.case(
        "where/int64", torch.where, boolean(3, 7), few(3, 7, dtype=torch.int64),
        few(7, dtype=torch.int64))
    family.case(
        "where/transposed_sliced", torch.where, boolean(6, 7), normal(6, 7), normal(6, 7),
        layouts=["contiguous", "transposed", "sliced"])
    nan = float("nan")  # the side that is not chosen leaves no trace, in the gradient neither
    family.case(
        "where/special", torch.where, exactly([True, False, True], torch.bool),
        exactly([1.0, nan, nan]), exactly([nan, 2.0, 3.0]))
