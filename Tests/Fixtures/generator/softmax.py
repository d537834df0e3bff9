"""Softmax and the normalisations."""

import torch
import torch.nn.functional as F

from .family import Family, label
from .values import exactly, half, normal, positive, repeated


def softmax(x, axis):
    return F.softmax(x, axis)


def log_softmax(x, axis):
    return F.log_softmax(x, axis)


def layer_norm(x, weight=None, bias=None, *, normalizedShape, epsilon):
    return F.layer_norm(x, normalizedShape, weight, bias, epsilon)


def rms_norm(x, weight=None, *, normalizedShape, epsilon):
    return F.rms_norm(x, normalizedShape, weight, epsilon)


def group_norm(x, weight=None, bias=None, *, groups, epsilon):
    return F.group_norm(x, groups, weight, bias, epsilon)


def batch_norm(x, weight, bias, runningMean, runningVariance, training, momentum, epsilon):
    """Returns the statistics as they are after the call, too."""
    after = [runningMean.clone(), runningVariance.clone()]
    result = F.batch_norm(x, *after, weight, bias, training, momentum, epsilon)
    return result, *after


def make():
    family = Family()
    inf, nan = float("inf"), float("nan")
    for op, function in [("softmax", softmax), ("logSoftmax", log_softmax)]:
        for shape in [(), (1,), (5,), (67,), (3, 4), (0, 4), (2, 3, 4), (17, 33), (2, 3, 4, 5)]:
            for axis in range(max(len(shape), 1)):
                family.case(f"{op}/{label(shape)}_axis{axis}", function, normal(*shape), axis=axis)
        family.case(f"{op}/2x3x4_last", function, normal(2, 3, 4), axis=-1)
        for layout in ["transposed", "sliced", "flipped"]:
            for axis in [0, 1]:
                family.case(
                    f"{op}/{layout}_axis{axis}", function, normal(6, 7), layouts=[layout],
                    axis=axis)
        family.case(f"{op}/broadcast", function, repeated(3, normal(5)), layouts=["broadcast"],
                    axis=-1)
        for axis in [0, 1]:
            family.case(f"{op}/half_axis{axis}", function, half(normal(3, 17)), axis=axis)
        family.case(f"{op}/far", function, normal(5, 33, scale=300.0), axis=1)
        family.case(
            f"{op}/special", function,
            exactly([[1.0, -inf, 2.0], [nan, 0.0, 1.0], [inf, 0.0, 1.0], [-inf, -inf, -inf]]),
            gradients=[], axis=1)
    odd(family)
    row_norms(family)
    groups(family)
    batches(family)
    return family


def row_norms(family):
    for shape, normalized in [
        ((5,), [5]), ((3, 4), [4]), ((2, 3, 4), [4]), ((2, 3, 4), [3, 4]), ((17, 33), [33]),
        ((0, 4), [4]), ((5, 1), [1]),
    ]:
        for epsilon in [1e-5] if len(shape) != 2 else [1e-5, 1e-2]:
            name = f"{label(shape, normalized)}_{epsilon}"
            attributes = {"normalizedShape": normalized, "epsilon": epsilon}
            x, weight, bias = normal(*shape), normal(*normalized), normal(*normalized)
            family.case(f"layerNorm/{name}", layer_norm, x, weight, bias, **attributes)
            family.case(f"layerNorm/{name}_noBias", layer_norm, x, weight, **attributes)
            family.case(f"layerNorm/{name}_plain", layer_norm, x, **attributes)
            family.case(f"rmsNorm/{name}", rms_norm, x, weight, **attributes)
            family.case(f"rmsNorm/{name}_plain", rms_norm, x, **attributes)
    attributes = {"normalizedShape": [7], "epsilon": 1e-5}
    for layout in ["transposed", "sliced"]:
        family.case(
            f"layerNorm/{layout}", layer_norm, normal(6, 7), normal(7), normal(7),
            layouts=[layout, "contiguous", "sliced"], **attributes)
        family.case(
            f"rmsNorm/{layout}", rms_norm, normal(6, 7), normal(7),
            layouts=[layout, "contiguous"], **attributes)
    family.case(
        "layerNorm/half", layer_norm, half(normal(3, 7)), half(normal(7)), half(normal(7)),
        **attributes)
    family.case("rmsNorm/half", rms_norm, half(normal(3, 7)), half(normal(7)), **attributes)
    family.case(  # parameters stay as they are where activations are halves
        "layerNorm/half_mixed", layer_norm, half(normal(3, 7)), normal(7), normal(7), **attributes)
    family.case(  # a mean that is large against the spread
        "layerNorm/shifted", layer_norm, lambda g: normal(3, 7)(g) + 30.0, normal(7), normal(7),
        **attributes)


def odd(family):
    """Infinities and not-a-numbers, with gradients."""
    nan, inf = float("nan"), float("inf")
    rows = exactly([
        [-inf, 1.0, 2.0], [inf, 1.0, 2.0], [-inf, -inf, -inf], [nan, 1.0, 2.0], [inf, inf, 0.0],
    ])
    for op, function in [("softmax", softmax), ("logSoftmax", log_softmax)]:
        for axis in [0, 1]:
            family.case(f"{op}/odd_{axis}", function, rows, axis=axis)


def groups(family):
    for shape, count in [((2, 6), 3), ((2, 6, 5), 2), ((2, 4, 3, 3), 4), ((2, 4, 3, 3), 1),
                         ((1, 6, 3, 5), 3)]:
        channels, name = shape[1], f"{label(shape)}_{count}"
        attributes = {"groups": count, "epsilon": 1e-5}
        family.case(
            f"groupNorm/{name}", group_norm, normal(*shape), normal(channels), normal(channels),
            **attributes)
        family.case(f"groupNorm/{name}_plain", group_norm, normal(*shape), **attributes)


def batches(family):
    for shape in [(5, 3), (17, 33), (4, 3, 5), (2, 3, 4, 5), (3, 1, 2, 2)]:
        channels = shape[1]
        inputs = [
            normal(*shape), normal(channels), normal(channels), normal(channels),
            positive(channels),
        ]
        for title, training in [("training", True), ("evaluation", False)]:
            for momentum in [0.1, 0.6]:
                family.case(
                    f"batchNorm/{label(shape)}_{title}_{momentum}", batch_norm, *inputs,
                    gradients=[0, 1, 2], training=training, momentum=momentum, epsilon=1e-5)
