import torch
import torch.nn.functional as F

from .family import Family, label
from .values import exactly, half, normal, uniform, whole

REDUCTIONS = ["none", "mean", "sum"]


def cross_entropy(logits, target, weight=None, *, reduction, ignoreIndex, labelSmoothing):
    return F.cross_entropy(
        logits, target, weight, reduction=reduction, ignore_index=ignoreIndex,
        label_smoothing=labelSmoothing)


def cross_entropy_probabilities(logits, target, weight=None, *, reduction, labelSmoothing):
    return F.cross_entropy(
        logits, target, weight, reduction=reduction, label_smoothing=labelSmoothing)


def nll(logProbabilities, target, weight=None, *, reduction, ignoreIndex):
    return F.nll_loss(
        logProbabilities, target, weight, reduction=reduction, ignore_index=ignoreIndex)


def smooth_l1(input, target, reduction, beta):
    return F.smooth_l1_loss(input, target, reduction=reduction, beta=beta)


def huber(input, target, reduction, delta):
    return F.huber_loss(input, target, reduction=reduction, delta=delta)


def bce(probabilities, target, weight=None, *, reduction):
    return F.binary_cross_entropy(probabilities, target, weight, reduction=reduction)


def bce_with_logits(logits, target, positiveWeight=None, *, reduction):
    return F.binary_cross_entropy_with_logits(
        logits, target, reduction=reduction, pos_weight=positiveWeight)


def kl_divergence(input, target, reduction, logTarget):
    return F.kl_div(
        input, target, reduction="batchmean" if reduction == "batchMean" else reduction,
        log_target=logTarget)


def classes(count, *shape):
    return whole(0, count, *shape, dtype=torch.int64)


def probabilities(*shape):
    return lambda generator: torch.randn(shape, generator=generator).softmax(1)


def log_probabilities(*shape):
    return lambda generator: torch.randn(shape, generator=generator).log_softmax(1)


def make():
    family = Family()
    for reduction in REDUCTIONS:
        class_indices(family, reduction)
        class_probabilities(family, reduction)
        regression(family, reduction)
        binary(family, reduction)
    for reduction in REDUCTIONS + ["batchMean"]:
        for shape in [(3, 4), (2, 5, 3)]:
            for title, target, log in [
                ("", probabilities, False), ("_logTarget", log_probabilities, True),
            ]:
                family.case(
                    f"klDivergence/{label(shape)}_{reduction}{title}", kl_divergence,
                    log_probabilities(*shape), target(*shape), reduction=reduction, logTarget=log)
    special(family)
    return family


def class_indices(family, reduction):
    plain = {"reduction": reduction, "ignoreIndex": -100}
    for title, logits, targets in [
        ("1x3", (1, 3), (1,)), ("5x7", (5, 7), (5,)), ("17x33", (17, 33), (17,)),
        ("class", (7,), ()), ("2x7x5", (2, 7, 5), (2, 5)), ("2x7x3x4", (2, 7, 3, 4), (2, 3, 4)),
    ]:
        count = logits[0] if len(logits) == 1 else logits[1]
        target = classes(count, *targets)
        weight = uniform(0.2, 2.0, count)
        name = f"{title}_{reduction}"
        family.case(
            f"crossEntropy/{name}", cross_entropy, normal(*logits), target, **plain,
            labelSmoothing=0.0)
        family.case(
            f"crossEntropy/{name}_smoothed", cross_entropy, normal(*logits), target, **plain,
            labelSmoothing=0.1)
        family.case(
            f"crossEntropy/{name}_weighted", cross_entropy, normal(*logits), target, weight,
            gradients=[0], **plain, labelSmoothing=0.0)
        family.case(
            f"crossEntropy/{name}_weighted_smoothed", cross_entropy, normal(*logits), target,
            weight, gradients=[0], **plain, labelSmoothing=0.2)
        family.case(f"nllLoss/{name}", nll, log_probabilities_like(logits), target, **plain)
        family.case(
            f"nllLoss/{name}_weighted", nll, log_probabilities_like(logits), target, weight,
            gradients=[0], **plain)

    ignored = exactly([2, 1, 2, 0, 6], torch.int64)
    weight = uniform(0.2, 2.0, 7)
    ignoring = {"reduction": reduction, "ignoreIndex": 2}
    for smoothing in [0.0, 0.1]:
        family.case(
            f"crossEntropy/ignoring_{reduction}_{smoothing}", cross_entropy, normal(5, 7), ignored,
            **ignoring, labelSmoothing=smoothing)
        family.case(
            f"crossEntropy/ignoring_weighted_{reduction}_{smoothing}", cross_entropy, normal(5, 7),
            ignored, weight, gradients=[0], **ignoring, labelSmoothing=smoothing)
    family.case(f"nllLoss/ignoring_{reduction}", nll, log_probabilities(5, 7), ignored, **ignoring)
    negative = exactly([0, -100, 3], torch.int64)
    family.case(
        f"crossEntropy/padding_{reduction}", cross_entropy, normal(3, 4), negative, **plain,
        labelSmoothing=0.0)
    family.case(
        f"crossEntropy/int32_{reduction}",
        lambda logits, target, **attributes: cross_entropy(logits, target.long(), **attributes),
        normal(5, 7), whole(0, 7, 5), **plain, labelSmoothing=0.0)


def log_probabilities_like(shape):
    axis = 0 if len(shape) == 1 else 1
    return lambda generator: torch.randn(shape, generator=generator).log_softmax(axis)


def class_probabilities(family, reduction):
    for shape in [(5, 7), (2, 7, 3)]:
        for smoothing in [0.0, 0.1]:
            name = f"{label(shape)}_{reduction}_{smoothing}"
            attributes = {"reduction": reduction, "labelSmoothing": smoothing}
            family.case(
                f"crossEntropyProbabilities/{name}", cross_entropy_probabilities, normal(*shape),
                probabilities(*shape), **attributes)
            family.case(
                f"crossEntropyProbabilities/{name}_weighted", cross_entropy_probabilities,
                normal(*shape), probabilities(*shape), uniform(0.2, 2.0, shape[1]), gradients=[0],
                **attributes)


def regression(family, reduction):
    for shape in [(), (5,), (3, 4), (2, 3, 4), (67,)]:
        name = f"{label(shape)}_{reduction}"
        pair = [normal(*shape), normal(*shape)]
        family.case(
            f"mseLoss/{name}", lambda x, y, reduction: F.mse_loss(x, y, reduction=reduction),
            *pair, reduction=reduction)
        family.case(
            f"l1Loss/{name}", lambda x, y, reduction: F.l1_loss(x, y, reduction=reduction), *pair,
            reduction=reduction)
        for beta in [1.0, 0.5]:
            family.case(
                f"smoothL1Loss/{name}_{beta}", smooth_l1, *pair, reduction=reduction, beta=beta)
        for delta in [1.0, 0.5]:
            family.case(
                f"huberLoss/{name}_{delta}", huber, *pair, reduction=reduction, delta=delta)


def binary(family, reduction):
    for shape in [(5,), (3, 4), (67,)]:
        name = f"{label(shape)}_{reduction}"
        target, hard = uniform(0.0, 1.0, *shape), whole(0, 2, *shape, dtype=torch.float32)
        for title, wanted in [("", target), ("_hard", hard)]:
            family.case(
                f"binaryCrossEntropy/{name}{title}", bce, uniform(0.05, 0.95, *shape), wanted,
                gradients=[0], reduction=reduction)
            family.case(
                f"binaryCrossEntropyWithLogits/{name}{title}", bce_with_logits,
                normal(*shape, scale=3.0), wanted, gradients=[0], reduction=reduction)
        weight = uniform(0.2, 2.0, shape[-1])
        family.case(
            f"binaryCrossEntropy/{name}_weighted", bce, uniform(0.05, 0.95, *shape), hard,
            uniform(0.2, 2.0, *shape), gradients=[0], reduction=reduction)
        family.case(
            f"binaryCrossEntropyWithLogits/{name}_positiveWeight", bce_with_logits,
            normal(*shape), hard, weight, gradients=[0], reduction=reduction)


def special(family):
    odd(family)
    plain = {"reduction": "mean", "ignoreIndex": -100}
    far = normal(5, 7, scale=300.0)
    family.case(
        "crossEntropy/far", cross_entropy, far, classes(7, 5), **plain, labelSmoothing=0.0)
    family.case(
        "crossEntropy/half", cross_entropy, half(normal(5, 7)), classes(7, 5), **plain,
        labelSmoothing=0.0)
    for reduction in REDUCTIONS:  # the mean of nothing is not a number; a sum of nothing is zero
        family.case(
            f"crossEntropy/special_allIgnored_{reduction}", cross_entropy, normal(2, 3),
            exactly([-100, -100], torch.int64), gradients=[], reduction=reduction,
            ignoreIndex=-100, labelSmoothing=0.0)
    family.case(
        "crossEntropy/transposed", cross_entropy, normal(6, 7), classes(7, 6),
        layouts=["transposed", "contiguous"], **plain, labelSmoothing=0.0)
    family.case(
        "binaryCrossEntropyWithLogits/far", bce_with_logits, normal(17, scale=200.0),
        whole(0, 2, 17, dtype=torch.float32), gradients=[0], reduction="mean")
    # logarithms are cut off at -100, and the gradient at the matching slope
    family.case(
        "binaryCrossEntropy/kink_certain", bce, exactly([0.0, 1.0, 1.0, 0.0]),
        exactly([0.0, 1.0, 0.0, 1.0]), gradients=[], reduction="none")


def odd(family):
    """Infinities, not-a-numbers and the ends of the pieces, with gradients."""
    nan, inf = float("nan"), float("inf")
    pair = [
        exactly([nan, inf, -inf, 0.0, 1.0, -1.0, 0.5, inf, 2.0]),
        exactly([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, inf, nan]),
    ]
    none = {"reduction": "none"}
    family.case("mseLoss/odd", lambda x, y, reduction: F.mse_loss(x, y, reduction=reduction), *pair,
                **none)
    family.case("l1Loss/odd", lambda x, y, reduction: F.l1_loss(x, y, reduction=reduction), *pair,
                **none)
    for width in [1.0, 0.5]:
        family.case(f"smoothL1Loss/odd_{width}", smooth_l1, *pair, beta=width, **none)
        family.case(f"huberLoss/odd_{width}", huber, *pair, delta=width, **none)
