import torch

from .family import Family, label
from .values import boolean, exactly, half, nonzero, normal, odd, odd_pairs, positive, whole

BROADCASTS = [
    ((), ()), ((1,), (1,)), ((5,), (5,)), ((17,), (17,)), ((67,), (67,)), ((3, 4), (3, 4)),
    ((2, 3, 4), (2, 3, 4)), ((0, 4), (0, 4)),
    ((3, 4), (4,)), ((4,), (3, 4)), ((3, 4), (3, 1)), ((3, 1), (1, 4)), ((2, 1, 4), (3, 1)),
    ((3, 4), ()), ((), (3, 4)), ((0, 4), (1, 4)), ((2, 1), (2, 0)), ((5, 33), (33,)),
]
# (what the two operands look like in memory), on [6, 7] and [6, 7]
LAYOUTS = [
    ["transposed", "contiguous"], ["contiguous", "transposed"], ["sliced", "contiguous"],
    ["transposed", "sliced"], ["flipped", "contiguous"], ["contiguous", "flipped"],
]

# op: function, kinds of the two operands
BINARY = {
    "add": (torch.add, normal, normal),
    "subtract": (torch.subtract, normal, normal),
    "multiply": (torch.multiply, normal, normal),
    "divide": (torch.divide, normal, nonzero),
    "power": (torch.pow, positive, normal),
    "maximum": (torch.maximum, normal, normal),
    "minimum": (torch.minimum, normal, normal),
    "remainder": (torch.remainder, normal, nonzero),
}

SCALAR = {
    "addScalar": (lambda x, scalar: x + scalar, normal, [0.75, -2.0]),
    "subtractScalar": (lambda x, scalar: x - scalar, normal, [0.75]),
    "multiplyScalar": (lambda x, scalar: x * scalar, normal, [0.75, -2.0, 0.0]),
    "divideScalar": (lambda x, scalar: x / scalar, normal, [0.75, -3.0]),
    "scalarSubtract": (lambda x, scalar: scalar - x, normal, [0.75]),
    "scalarDivide": (lambda x, scalar: scalar / x, nonzero, [0.75]),
    "powerScalar": (
        lambda x, scalar: torch.pow(x, scalar), positive,
        [2.0, 3.0, 0.5, -0.5, -1.0, 1.7, 1.0, 0.0],
    ),
}


def make():
    family = Family()
    for op, (function, left, right) in BINARY.items():
        for a, b in BROADCASTS:
            family.case(f"{op}/{label(a, b)}", function, left(*a), right(*b))
        family.case(f"{op}/half", function, half(left(3, 17)), half(right(17)))
    for op in ["add", "multiply", "divide"]:
        function, left, right = BINARY[op]
        for layouts in LAYOUTS:
            family.case(
                f"{op}/{'_'.join(layouts)}", function, left(6, 7), right(6, 7), layouts=layouts)
    family.case("multiply/37x129_129", torch.multiply, normal(37, 129), normal(129))
    scalars(family)
    integers(family)
    promotions(family)
    special(family)
    return family


def scalars(family):
    for op, (function, kind, values) in SCALAR.items():
        for scalar in values:
            for shape in [(), (5,), (3, 17)]:
                family.case(f"{op}/{label(shape)}_{scalar}", function, kind(*shape), scalar=scalar)
        family.case(f"{op}/0x4", function, kind(0, 4), scalar=values[0])
        family.case(f"{op}/half", function, half(kind(33)), scalar=values[0])
        family.case(
            f"{op}/transposed", function, kind(6, 7), layouts=["transposed"], scalar=values[0])
    for scalar in [2.0, 3.0, -1.0]:  # whole exponents take negative bases
        family.case(
            f"powerScalar/negative_{scalar}", SCALAR["powerScalar"][0], nonzero(17), scalar=scalar)
    for dtype, name in [(torch.int32, "int32"), (torch.int64, "int64")]:
        for op in ["addScalar", "multiplyScalar"]:
            family.case(
                f"{op}/{name}", SCALAR[op][0], whole(-50, 50, 3, 7, dtype=dtype), scalar=3)


def integers(family):
    functions = {
        "add": torch.add, "subtract": torch.subtract, "multiply": torch.multiply,
        "maximum": torch.maximum, "minimum": torch.minimum, "floorDivide": torch.floor_divide,
        "remainder": torch.remainder,
    }
    for dtype, name in [(torch.int32, "int32"), (torch.int64, "int64")]:
        wide = 40_000 if dtype == torch.int32 else 2_000_000_000
        for op, function in functions.items():
            lowest = 1 if op in ["floorDivide", "remainder"] else -wide
            for a, b in [((3, 7), (3, 7)), ((3, 7), (7,)), ((17,), ()), ((0, 4), (4,))]:
                family.case(
                    f"{op}/{name}_{label(a, b)}", function,
                    whole(-wide, wide, *a, dtype=dtype), whole(lowest, wide, *b, dtype=dtype))
        for op in ["floorDivide", "remainder"]:  # every combination of signs, exact and not
            family.case(
                f"{op}/{name}_signs", functions[op],
                exactly([7, -7, 7, -7, 6, -6, 6, -6, 0, 1], dtype),
                exactly([2, 2, -2, -2, 3, 3, -3, -3, 5, -5], dtype))
    family.case(
        "remainder/signs", torch.remainder, exactly([7.0, -7.0, 7.0, -7.0, 0.5, -0.5]),
        exactly([2.0, 2.0, -2.0, -2.0, 3.0, 3.0]))


def promotions(family):
    small = {
        "bool": boolean(3, 5),
        "int32": whole(-9, 9, 3, 5),
        "int64": whole(-9, 9, 3, 5, dtype=torch.int64),
        "float16": half(normal(3, 5)),
        "float32": normal(3, 5),
    }
    pairs = [
        ("int32", "float32"), ("float32", "int32"), ("int64", "int32"), ("int32", "int64"),
        ("int64", "float32"), ("bool", "int32"), ("bool", "int64"), ("bool", "float32"),
        ("float16", "float32"), ("float32", "float16"), ("int32", "float16"),
    ]
    for a, b in pairs:
        for op in ["add", "multiply"]:
            family.case(f"{op}/promotion_{a}_{b}", BINARY[op][0], small[a], small[b])
    divisors = whole(1, 9, 3, 5)
    for a in ["int32", "int64", "float32"]:  # a quotient of whole numbers is floating
        family.case(f"divide/promotion_{a}_int32", torch.divide, small[a], divisors)


def special(family):
    """What becomes of infinities, not-a-numbers and ties."""
    inf, nan = float("inf"), float("nan")
    left = exactly([nan, 1.0, inf, inf, -inf, nan, 0.0, 1.0, -1.0])
    right = exactly([1.0, nan, -inf, inf, inf, nan, 0.0, 0.0, 0.0])
    for op in ["add", "subtract", "multiply", "divide", "maximum", "minimum"]:
        family.case(f"{op}/special", BINARY[op][0], left, right, gradients=[])
    for op in BINARY:
        family.case(f"{op}/odd", BINARY[op][0], *odd_pairs())
    for op, (function, _, values) in SCALAR.items():
        for scalar in values + ([-2.0] if op == "powerScalar" else []):
            family.case(f"{op}/odd_{scalar}", function, odd(), scalar=scalar)
    ties = [exactly([1.0, 2.0, -3.0]), exactly([1.0, 0.5, -3.0])]
    for op in ["maximum", "minimum"]:  # equal operands share the gradient
        family.case(f"{op}/kink_ties", BINARY[op][0], *ties)
