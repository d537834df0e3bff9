import torch
import torch.nn.functional as F

from .family import Family, label
from .values import half, normal

SHAPES = [
    # vectors
    ((5,), (5,)), ((67,), (67,)), ((1,), (1,)), ((0,), (0,)),
    ((3, 4), (4,)), ((17, 33), (33,)), ((4,), (4, 3)), ((33,), (33, 17)), ((0, 4), (4,)),
    # matrices
    ((1, 1), (1, 1)), ((3, 4), (4, 5)), ((1, 7), (7, 1)), ((7, 1), (1, 7)), ((17, 33), (33, 67)),
    ((67, 17), (17, 5)), ((37, 129), (129, 11)), ((0, 4), (4, 5)), ((3, 0), (0, 5)),
    ((3, 4), (4, 0)),
    # batches, broadcast against each other
    ((2, 3, 4), (2, 4, 5)), ((2, 3, 4), (4, 5)), ((3, 4), (2, 4, 5)), ((2, 1, 3, 4), (5, 4, 2)),
    ((2, 5, 3, 4), (2, 5, 4, 3)), ((1, 3, 4), (5, 4, 2)), ((2, 3, 4), (4,)), ((4,), (2, 4, 5)),
    ((0, 3, 4), (0, 4, 5)), ((3, 17, 9), (3, 9, 7)),
]
LAYOUTS = [
    ["transposed", "contiguous"], ["contiguous", "transposed"], ["transposed", "transposed"],
    ["sliced", "contiguous"], ["contiguous", "sliced"], ["flipped", "transposed"],
    ["transposed", "flipped"],
]
EINSUMS = [
    ("ij,jk->ik", (3, 4), (4, 5)), ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)), ("ij->ji", (3, 4)),
    ("ij,ij->", (3, 4), (3, 4)), ("i,j->ij", (5,), (7,)), ("ij->", (3, 4)), ("ij->j", (3, 4)),
    ("ij,kj->ik", (3, 4), (5, 4)), ("ij,j->i", (3, 4), (4,)), ("ij,ij->ij", (3, 4), (3, 4)),
    ("bhid,bhjd->bhij", (2, 3, 5, 4), (2, 3, 7, 4)),
    ("bhij,bhjd->bhid", (2, 3, 5, 7), (2, 3, 7, 4)),
    ("bi,ij,bj->b", (3, 4), (4, 5), (3, 5)), ("ijk->kij", (2, 3, 4)),
]


def einsum(*operands, equation):
    return torch.einsum(equation, *operands)


def make():
    family = Family()
    for a, b in SHAPES:
        family.case(f"matmul/{label(a, b)}", torch.matmul, normal(*a), normal(*b))
    for layouts in LAYOUTS:
        title = "_".join(layouts)
        family.case(
            f"matmul/{title}", torch.matmul, normal(17, 9), normal(9, 13), layouts=layouts)
        family.case(
            f"matmul/batched_{title}", torch.matmul, normal(3, 5, 7), normal(3, 7, 6),
            layouts=layouts)
    family.case(
        "matmul/vector_sliced", torch.matmul, normal(3, 7), normal(7),
        layouts=["transposed", "sliced"])
    family.case("matmul/half", torch.matmul, half(normal(5, 17)), half(normal(17, 7)))
    family.case("matmul/half_batched", torch.matmul, half(normal(2, 3, 7)), half(normal(7, 5)))
    linear(family)
    for equation, *shapes in EINSUMS:
        title = equation.replace(",", "_").replace("->", "_to_")
        family.case(
            f"einsum/{title}", einsum, *(normal(*shape) for shape in shapes), equation=equation)
    return family


def linear(family):
    """Input, weight [out, in] and, as a third input, perhaps a bias."""
    for shape in [(4,), (3, 4), (2, 3, 4), (0, 4), (1, 4)]:
        family.case(f"linear/{label(shape)}", F.linear, normal(*shape), normal(5, 4), normal(5))
        family.case(f"linear/{label(shape)}_noBias", F.linear, normal(*shape), normal(5, 4))
    family.case("linear/33x67", F.linear, normal(33, 67), normal(17, 67), normal(17))
    family.case(
        "linear/transposed", F.linear, normal(6, 7), normal(5, 7), normal(5),
        layouts=["transposed", "transposed", "sliced"])
    family.case(
        "linear/half", F.linear, half(normal(5, 17)), half(normal(7, 17)), half(normal(7)))
