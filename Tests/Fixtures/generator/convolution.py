import torch
import torch.nn.functional as F

from .family import Family, label
from .values import distinct, exactly, half, normal

# name: input, weight, stride, padding, dilation, groups
CONV1D = {
    "plain": ((2, 3, 9), (4, 3, 3), 1, 0, 1, 1),
    "same": ((2, 3, 9), (4, 3, 3), 1, 1, 1, 1),
    "strided": ((1, 2, 11), (3, 2, 4), 3, 2, 1, 1),
    "dilated": ((1, 2, 11), (3, 2, 3), 1, 2, 2, 1),
    "grouped": ((2, 4, 7), (6, 2, 3), 1, 1, 1, 2),
    "pointwise": ((2, 3, 5), (4, 3, 1), 1, 0, 1, 1),
    "depthwise": ((1, 5, 8), (5, 1, 3), 2, 1, 1, 5),
    "empty": ((0, 3, 9), (4, 3, 3), 1, 1, 1, 1),
}
CONV2D = {
    "plain": ((2, 3, 6, 7), (4, 3, 3, 3), (1, 1), (0, 0), (1, 1), 1),
    "same": ((2, 3, 6, 7), (4, 3, 3, 3), (1, 1), (1, 1), (1, 1), 1),
    "strided": ((2, 3, 7, 8), (4, 3, 3, 3), (2, 2), (1, 1), (1, 1), 1),
    "uneven": ((1, 2, 9, 7), (3, 2, 3, 2), (2, 1), (1, 0), (1, 2), 1),
    "dilated": ((1, 2, 9, 9), (3, 2, 3, 3), (1, 1), (2, 2), (2, 2), 1),
    "grouped": ((2, 4, 5, 5), (6, 2, 3, 3), (1, 1), (1, 1), (1, 1), 2),
    "depthwise": ((1, 5, 6, 6), (5, 1, 3, 3), (2, 2), (1, 1), (1, 1), 5),
    "pointwise": ((2, 3, 4, 5), (6, 3, 1, 1), (1, 1), (0, 0), (1, 1), 1),
    "pointwise_strided": ((2, 3, 5, 5), (6, 3, 1, 1), (2, 2), (0, 0), (1, 1), 1),
    "whole": ((2, 3, 4, 5), (6, 3, 4, 5), (1, 1), (0, 0), (1, 1), 1),
    "large_kernel": ((1, 1, 12, 12), (2, 1, 5, 7), (1, 1), (2, 3), (1, 1), 1),
    "wide": ((1, 17, 9, 9), (19, 17, 3, 3), (1, 1), (1, 1), (1, 1), 1),
    "leftover": ((1, 2, 8, 8), (2, 2, 3, 3), (3, 3), (0, 0), (1, 1), 1),
    "empty": ((0, 3, 6, 7), (4, 3, 3, 3), (1, 1), (1, 1), (1, 1), 1),
}
# name: input, weight [in, out / groups, …], stride, padding, output padding, dilation, groups
TRANSPOSE = {
    "plain": ((2, 3, 4, 5), (3, 4, 3, 3), (1, 1), (0, 0), (0, 0), (1, 1), 1),
    "padded": ((2, 3, 4, 5), (3, 4, 3, 3), (1, 1), (1, 1), (0, 0), (1, 1), 1),
    "strided": ((1, 3, 4, 4), (3, 2, 3, 3), (2, 2), (1, 1), (0, 0), (1, 1), 1),
    "doubling": ((1, 3, 4, 4), (3, 2, 3, 3), (2, 2), (1, 1), (1, 1), (1, 1), 1),
    "uneven": ((1, 2, 3, 5), (2, 3, 2, 3), (3, 2), (0, 1), (2, 1), (1, 1), 1),
    "dilated": ((1, 2, 4, 4), (2, 3, 3, 3), (1, 1), (1, 1), (0, 0), (2, 2), 1),
    "grouped": ((2, 4, 3, 3), (4, 3, 2, 2), (2, 2), (0, 0), (0, 0), (1, 1), 2),
}
# name: input, kernel, stride, padding
POOL = {
    "halving": ((2, 3, 6, 8), (2, 2), (2, 2), (0, 0)),
    "overlapping": ((2, 3, 7, 7), (3, 3), (2, 2), (1, 1)),
    "dense": ((1, 2, 5, 6), (3, 2), (1, 1), (0, 0)),
    "uneven": ((1, 2, 9, 7), (3, 2), (2, 3), (1, 0)),
    "leftover": ((1, 2, 5, 7), (2, 2), (2, 2), (0, 0)),
    "whole": ((2, 3, 4, 5), (4, 5), (4, 5), (0, 0)),
}


def conv1d(x, weight, bias=None, *, stride, padding, dilation, groups):
    return F.conv1d(x, weight, bias, stride, padding, dilation, groups)


def conv2d(x, weight, bias=None, *, stride, padding, dilation, groups):
    return F.conv2d(x, weight, bias, stride, padding, dilation, groups)


def conv_transpose2d(
    x, weight, bias=None, *, stride, padding, outputPadding, dilation, groups
):
    return F.conv_transpose2d(
        x, weight, bias, stride, padding, outputPadding, groups, dilation)


def max_pool2d(x, kernel, stride, padding):
    return F.max_pool2d(x, kernel, stride, padding)


def avg_pool2d(x, kernel, stride, padding, countIncludesPadding):
    return F.avg_pool2d(x, kernel, stride, padding, count_include_pad=countIncludesPadding)


def adaptive_avg_pool2d(x, size):
    return F.adaptive_avg_pool2d(x, size)


def make():
    family = Family()
    for op, function, table in [("conv1d", conv1d, CONV1D), ("conv2d", conv2d, CONV2D)]:
        for name, (shape, weight, stride, padding, dilation, groups) in table.items():
            attributes = {
                "stride": stride, "padding": padding, "dilation": dilation, "groups": groups,
            }
            both = [normal(*shape), normal(*weight)]
            family.case(f"{op}/{name}", function, *both, normal(weight[0]), **attributes)
            family.case(f"{op}/{name}_noBias", function, *both, **attributes)
    same = {"stride": (1, 1), "padding": (1, 1), "dilation": (1, 1), "groups": 1}
    family.case(
        "conv2d/layouts", conv2d, normal(2, 3, 6, 7), normal(4, 3, 3, 3), normal(4),
        layouts=["transposed", "flipped", "sliced"], **same)
    family.case(
        "conv2d/half", conv2d, half(normal(1, 2, 5, 6)), half(normal(3, 2, 3, 3)),
        half(normal(3)), **same)
    family.case(
        "conv2d/half_strided", conv2d, half(normal(2, 4, 7, 6)), half(normal(6, 2, 3, 3)),
        half(normal(6)), stride=(2, 2), padding=(1, 1), dilation=(1, 1), groups=2)
    family.case(
        "conv2d/half_depthwise", conv2d, half(normal(2, 3, 7, 6)), half(normal(3, 1, 3, 3)),
        half(normal(3)), stride=(1, 1), padding=(1, 1), dilation=(1, 1), groups=3)
    for name, (shape, weight, stride, padding, extra, dilation, groups) in TRANSPOSE.items():
        attributes = {
            "stride": stride, "padding": padding, "outputPadding": extra, "dilation": dilation,
            "groups": groups,
        }
        both = [normal(*shape), normal(*weight)]
        bias = normal(weight[1] * groups)
        family.case(f"convTranspose2d/{name}", conv_transpose2d, *both, bias, **attributes)
        family.case(f"convTranspose2d/{name}_noBias", conv_transpose2d, *both, **attributes)
    pooling(family)
    return family


def pooling(family):
    for name, (shape, kernel, stride, padding) in POOL.items():
        attributes = {"kernel": kernel, "stride": stride, "padding": padding}
        family.case(f"maxPool2d/{name}", max_pool2d, distinct(*shape), **attributes)
        for counted in [True, False] if padding != (0, 0) else [True]:
            family.case(
                f"avgPool2d/{name}" + ("" if counted else "_uncounted"), avg_pool2d,
                normal(*shape), **attributes, countIncludesPadding=counted)
    halving = {"kernel": (2, 2), "stride": (2, 2), "padding": (0, 0)}
    family.case("maxPool2d/half", max_pool2d, half(distinct(2, 3, 6, 8)), **halving)
    family.case(
        "avgPool2d/half", avg_pool2d, half(normal(2, 3, 6, 8)), **halving,
        countIncludesPadding=True)
    inf, nan = float("inf"), float("nan")
    family.case(
        "maxPool2d/odd", max_pool2d,
        exactly([[[[1.0, nan, inf, inf], [nan, 0.0, 2.0, inf], [-inf, -inf, 3.0, 3.0],
                   [-inf, -inf, nan, 1.0]]]]), **halving)
    family.case(
        "maxPool2d/odd_overlapping", max_pool2d,
        exactly([[[[1.0, nan, inf], [2.0, 2.0, 0.0], [-inf, 2.0, nan]]]]), kernel=(2, 2),
        stride=(1, 1), padding=(0, 0))
    family.case(
        "maxPool2d/transposed", max_pool2d, distinct(1, 2, 6, 8), layouts=["transposed"],
        **halving)
    family.case(
        "avgPool2d/transposed", avg_pool2d, normal(1, 2, 6, 8), layouts=["transposed"], **halving,
        countIncludesPadding=True)
    for shape, size in [((2, 3, 6, 8), (1, 1)), ((2, 3, 6, 8), (3, 4)), ((1, 2, 7, 5), (3, 2)),
                        ((1, 2, 3, 3), (5, 4))]:
        family.case(
            f"adaptiveAvgPool2d/{label(shape, size)}", adaptive_avg_pool2d, normal(*shape),
            size=size)
