import torch
import torch.nn.functional as F

from .family import Family, label
from .values import SHAPES, boolean, exactly, half, normal, whole


def sliced(x, axis, start, stop, step):
    """Python's slice, negative steps included (which torch does not take)."""
    positions = range(x.shape[axis])[start:stop:step]
    return x.index_select(axis, torch.tensor(positions, dtype=torch.int64))


def pad(x, padding, value):
    """`padding` holds [before, after] for every axis; torch wants it last axis first, flat."""
    flat = [size for pair in reversed(padding) for size in pair]
    return F.pad(x, flat, value=value)


def squeeze(x, axis):
    return x.squeeze() if axis is None else x.squeeze(axis)


def flattened(x, from_, to):
    return x.flatten(from_, to)


# op: function, names of its attributes, cases (shape of the input, values of the attributes)
MOVEMENTS = {
    "reshape": (
        lambda x, shape: x.reshape(shape), ["shape"],
        [
            ((), [1]), ((1,), []), ((12,), [3, 4]), ((3, 4), [12]), ((3, 4), [-1, 2]),
            ((2, 3, 4), [6, 4]), ((2, 3, 4), [2, -1]), ((0, 4), [4, 0]),
        ],
    ),
    "transpose": (
        lambda x, axis0, axis1: x.transpose(axis0, axis1), ["axis0", "axis1"],
        [((3, 4), 0, 1), ((2, 3, 4), 0, 2), ((2, 3, 4), -1, -2), ((0, 4), 0, 1)],
    ),
    "permute": (
        lambda x, axes: x.permute(axes), ["axes"],
        [((3, 4), [1, 0]), ((2, 3, 4), [2, 0, 1]), ((2, 3, 4, 5), [0, 2, -1, 1])],
    ),
    "expand": (
        lambda x, shape: x.expand(shape), ["shape"],
        [
            ((), [3]), ((1,), [5]), ((4,), [3, 4]), ((3, 1), [3, 4]), ((3, 1), [2, -1, 4]),
            ((1, 4), [0, 4]),
        ],
    ),
    "squeeze": (
        squeeze, ["axis"],
        [((1, 3, 1), None), ((1, 3, 1), 0), ((1, 3, 1), -1), ((1, 3, 1), 1), ((3, 4), None)],
    ),
    "unsqueeze": (
        lambda x, axis: x.unsqueeze(axis), ["axis"],
        [((), 0), ((5,), 0), ((5,), -1), ((3, 4), 1), ((3, 4), -3)],
    ),
    "slice": (
        sliced, ["axis", "start", "stop", "step"],
        [
            ((5,), 0, 1, 4, 1), ((5,), 0, None, None, 2), ((5,), 0, -3, None, 1),
            ((5,), 0, 1, -1, 1), ((5,), 0, 2, 2, 1), ((5,), 0, 1, 99, 1),
            ((7,), 0, None, None, -1), ((7,), 0, 5, 1, -2), ((7,), 0, -2, None, -3),
            ((3, 4), 0, 1, 3, 1), ((3, 4), 1, None, 3, 2), ((2, 3, 4), 1, 0, 2, 1),
            ((2, 3, 9), -1, 7, None, -2), ((0, 4), 1, 1, 3, 1),
        ],
    ),
    "select": (
        lambda x, axis, index: x.select(axis, index), ["axis", "index"],
        [((5,), 0, 2), ((5,), 0, -1), ((3, 4), 1, 0), ((2, 3, 4), 1, -2)],
    ),
    "split": (
        lambda x, sizes, axis: x.split(sizes, axis), ["sizes", "axis"],
        [
            ((5,), [2, 3], 0), ((3, 4), [1, 2, 1], 1), ((2, 3, 4), [3, 0], 1),
            ((2, 6), [2, 2, 2], -1),
        ],
    ),
    "pad": (
        pad, ["padding", "value"],
        [
            ((5,), [[1, 2]], 0.0), ((3, 4), [[0, 0], [2, 1]], 1.5), ((3, 4), [[1, 0], [0, 3]], 0.0),
            ((2, 3, 4), [[0, 1], [1, 1], [2, 0]], -1.0), ((0, 4), [[1, 1], [0, 0]], 0.5),
        ],
    ),
    "flip": (
        lambda x, axes: x.flip(axes), ["axes"],
        [((5,), [0]), ((3, 4), [0]), ((3, 4), [0, 1]), ((2, 3, 4), [-1, 0])],
    ),
    "roll": (
        lambda x, shifts, axes: x.roll(shifts, axes), ["shifts", "axes"],
        [((5,), [2], [0]), ((5,), [-7], [0]), ((3, 4), [1, -1], [0, 1])],
    ),
    "tril": (
        lambda x, diagonal: x.tril(diagonal), ["diagonal"],
        [((3, 3), 0), ((4, 6), 1), ((6, 4), -2), ((2, 3, 4), 0), ((0, 4), 0)],
    ),
    "triu": (
        lambda x, diagonal: x.triu(diagonal), ["diagonal"],
        [((3, 3), 0), ((4, 6), 1), ((6, 4), -2), ((2, 3, 4), 0), ((0, 4), 0)],
    ),
    "diagonal": (
        lambda x, offset, axis0, axis1: x.diagonal(offset, axis0, axis1),
        ["offset", "axis0", "axis1"],
        [
            ((3, 3), 0, 0, 1), ((4, 6), 2, 0, 1), ((4, 6), -1, 0, 1), ((2, 3, 4), 0, -2, -1),
            ((2, 3, 4), 1, 0, 2),
        ],
    ),
    "unfold1d": (
        lambda x, axis, size, step: x.unfold(axis, size, step), ["axis", "size", "step"],
        [((7,), 0, 3, 1), ((7,), 0, 2, 2), ((7,), 0, 3, 3), ((2, 8), 1, 3, 2), ((5, 3), 0, 2, 1)],
    ),
    "repeat": (
        lambda x, counts: x.repeat(counts), ["counts"],
        [((3,), [2]), ((3,), [2, 2]), ((3, 4), [2, 1]), ((2, 1, 3), [1, 3, 2])],
    ),
    "flattened": (
        flattened, ["from_", "to"],
        [
            ((2, 3, 4), 1, -1), ((2, 3, 4), 0, 1), ((2, 3, 4), 0, -1), ((), 0, -1),
            ((0, 3, 4), 1, -1),
        ],
    ),
}


def make():
    family = Family()
    for op, (function, names, cases) in MOVEMENTS.items():
        for shape, *values in cases:
            title = "_".join([label(shape)] + [spelled(value) for value in values])
            family.case(f"{op}/{title}", function, normal(*shape), **dict(zip(names, values)))
        shape, *values = next(case for case in cases if len(case[0]) > 1)
        attributes = dict(zip(names, values))
        family.case(f"{op}/half", function, half(normal(*shape)), **attributes)
        family.case(
            f"{op}/int64", function, whole(-9, 9, *shape, dtype=torch.int64), **attributes)
        for layout in ["transposed", "sliced", "flipped"]:
            family.case(
                f"{op}/{layout}", function, normal(*shape), layouts=[layout], **attributes)
    joining(family)
    indexing(family)
    return family


def spelled(value):
    """An attribute's value in a case's name: [[1, 0], [0, 3]] -> "1.0x0.3"."""
    if not isinstance(value, list):
        return str(value)
    return label([".".join(map(str, v)) if isinstance(v, list) else v for v in value])


def cat(*parts, axis):
    return torch.cat(parts, axis)


def stack(*parts, axis):
    return torch.stack(parts, axis)


def gather(x, index, axis):
    return x.gather(axis, index)


def scatter_add(x, index, source, axis):
    return x.scatter_add(axis, index, source)


def index_select(x, index, axis):
    return x.index_select(axis, index)


def masked_fill(x, mask, value):
    return x.masked_fill(mask, value)


def indices(count, *shape):
    return whole(0, count, *shape, dtype=torch.int64)


def joining(family):
    for shapes, axis in [
        ([(2,), (3,)], 0), ([(3, 4), (1, 4), (2, 4)], 0), ([(3, 4), (3, 2)], 1),
        ([(2, 3, 4), (2, 1, 4)], -2), ([(0, 4), (3, 4)], 0), ([(3, 4)], 0),
    ]:
        family.case(
            f"cat/{label(*shapes)}_{axis}", cat, *(normal(*shape) for shape in shapes), axis=axis)
    for shape, axis in [((), 0), ((5,), 0), ((5,), 1), ((3, 4), 1), ((3, 4), -1), ((0, 4), 0)]:
        family.case(
            f"stack/{label(shape)}_{axis}", stack, normal(*shape), normal(*shape), normal(*shape),
            axis=axis)
    for op, function in [("cat", cat), ("stack", stack)]:
        family.case(
            f"{op}/layouts", function, normal(4, 6), normal(4, 6), normal(4, 6),
            layouts=["transposed", "sliced", "flipped"], axis=1)
        family.case(
            f"{op}/int64", function, whole(-9, 9, 3, 4, dtype=torch.int64),
            whole(-9, 9, 3, 4, dtype=torch.int64), axis=0)
        family.case(f"{op}/half", function, half(normal(3, 4)), half(normal(3, 4)), axis=0)


def indexing(family):
    for shape, axis, picked in [
        ((5,), 0, (7,)), ((3, 4), 0, (2, 4)), ((3, 4), 1, (3, 9)), ((2, 3, 4), -1, (2, 3, 1)),
        ((3, 4), 1, (2, 3)), ((17, 33), 1, (17, 5)), ((3, 4), 1, (3, 0)),
    ]:
        index, name = indices(shape[axis], *picked), f"{label(shape, picked)}_{axis}"
        family.case(f"gather/{name}", gather, normal(*shape), index, axis=axis)
        family.case(
            f"scatterAdd/{name}", scatter_add, normal(*shape), index, normal(*picked), axis=axis)
    for shape, axis, count in [((5,), 0, 8), ((3, 4), 0, 2), ((3, 4), 1, 7), ((2, 3, 4), -2, 4),
                               ((3, 4), 0, 0)]:
        family.case(
            f"indexSelect/{label(shape)}_{axis}_{count}", index_select, normal(*shape),
            indices(shape[axis], count), axis=axis)
    family.case(
        "indexSelect/transposed", index_select, normal(6, 7), indices(7, 9),
        layouts=["transposed", "contiguous"], axis=1)
    family.case(
        "gather/transposed", gather, normal(6, 7), indices(7, 6, 3),
        layouts=["transposed", "contiguous"], axis=1)
    for shape, mask in [((5,), (5,)), ((3, 4), (4,)), ((3, 4), (3, 1)), ((2, 3, 4), (3, 4)),
                        ((0, 4), (4,)), ((), ())]:
        family.case(
            f"maskedFill/{label(shape, mask)}", masked_fill, normal(*shape), boolean(*mask),
            value=-1e9)
    family.case("maskedFill/half", masked_fill, half(normal(3, 4)), boolean(3, 4), value=-100.0)
    for name, count in SHAPES.items():
        if len(count) < 3:
            family.case(f"embedding/{name}", F.embedding, indices(11, *count), normal(11, 6))
    family.case(
        "embedding/int32", lambda index, weight: F.embedding(index.long(), weight),
        whole(0, 11, 2, 5), normal(11, 6))
    family.case(
        "embedding/padding", lambda index, weight, paddingIndex: F.embedding(
            index, weight, padding_idx=paddingIndex),
        exactly([[1, 0, 3], [0, 0, 2]], torch.int64), normal(5, 4), paddingIndex=0)
