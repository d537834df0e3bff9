import torch

from .family import Family, label
from .values import distinct, exactly, half


def sort(x, axis, descending):
    return torch.sort(x, axis, descending)


def argsort(x, axis, descending):
    return torch.argsort(x, axis, descending)


def top_k(x, k, axis, largest):
    return torch.topk(x, k, axis, largest, sorted=True)


def make():
    family = Family()
    for shape, axis in [
        ((1,), 0), ((5,), 0), ((67,), 0), ((3, 4), 0), ((3, 4), 1), ((2, 3, 4), 1),
        ((2, 3, 4), -1), ((0, 4), 1), ((17, 33), 1),
    ]:
        for descending in [False, True]:
            name = f"{label(shape)}_axis{axis}" + ("_descending" if descending else "")
            attributes = {"axis": axis, "descending": descending}
            family.case(f"sort/{name}", sort, distinct(*shape), **attributes)
            family.case(f"argsort/{name}", argsort, distinct(*shape), **attributes)
        for k in sorted({1, (shape[axis] + 1) // 2, shape[axis]}):
            for largest in [True, False]:
                name = f"{label(shape)}_axis{axis}_{k}" + ("" if largest else "_smallest")
                family.case(
                    f"topK/{name}", top_k, distinct(*shape), k=k, axis=axis, largest=largest)
    for layout in ["transposed", "sliced", "flipped"]:
        family.case(
            f"sort/{layout}", sort, distinct(6, 7), layouts=[layout], axis=1, descending=False)
        family.case(
            f"argsort/{layout}", argsort, distinct(6, 7), layouts=[layout], axis=0, descending=True)
        family.case(
            f"topK/{layout}", top_k, distinct(6, 7), layouts=[layout], k=3, axis=1, largest=True)
    family.case("sort/half", sort, half(distinct(3, 7)), axis=1, descending=False)
    numbers = exactly([[5, -3, 9, 0], [7, 1, -8, 2]], torch.int64)
    family.case("sort/int64", sort, numbers, axis=1, descending=False)
    family.case("topK/int64", top_k, numbers, k=2, axis=1, largest=True)
    return family
