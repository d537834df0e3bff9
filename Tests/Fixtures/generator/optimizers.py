"""Trajectories of the optimisers on three small parameters, and learning rates of the schedules."""

import torch

from .family import Family
from .optimizer_references import LAMB, LARS, Lion

SHAPES = [(7, 5), (5,), ()]
STEPS = 20
SCHEDULE_STEPS = 50

# torch's words for ours, where they differ by more than spelling
TORCH_NAMES = {
    "learningRate": "lr", "weightDecay": "weight_decay", "epsilon": "eps",
    "learningRateDecay": "lr_decay", "initialAccumulator": "initial_accumulator_value",
    "trustCoefficient": "trust_coefficient",
}

SGD = {
    "learningRate": 0.1, "momentum": 0.0, "dampening": 0.0, "weightDecay": 0.0, "nesterov": False,
}
ADAM = {
    "learningRate": 0.05, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weightDecay": 0.0,
    "amsgrad": False,
}
ADAGRAD = {
    "learningRate": 0.1, "learningRateDecay": 0.0, "weightDecay": 0.0, "initialAccumulator": 0.0,
    "epsilon": 1e-10,
}
RMSPROP = {
    "learningRate": 0.01, "alpha": 0.99, "epsilon": 1e-8, "weightDecay": 0.0, "momentum": 0.0,
    "centered": False,
}
LION = {"learningRate": 0.01, "beta1": 0.9, "beta2": 0.99, "weightDecay": 0.0}
LAMB_DEFAULTS = {
    "learningRate": 0.05, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-6, "weightDecay": 0.01,
}
LARS_DEFAULTS = {
    "learningRate": 0.5, "momentum": 0.9, "weightDecay": 0.0, "trustCoefficient": 0.1,
}
# case: optimiser, attributes
TRAJECTORIES = {
    "sgd/plain": (torch.optim.SGD, SGD),
    "sgd/momentum": (torch.optim.SGD, SGD | {"momentum": 0.9}),
    "sgd/dampening": (torch.optim.SGD, SGD | {"momentum": 0.9, "dampening": 0.5}),
    "sgd/nesterov": (torch.optim.SGD, SGD | {"momentum": 0.9, "nesterov": True}),
    "sgd/weightDecay": (torch.optim.SGD, SGD | {"weightDecay": 0.1}),
    "sgd/momentum_weightDecay": (torch.optim.SGD, SGD | {"momentum": 0.9, "weightDecay": 0.1}),
    "adam/plain": (torch.optim.Adam, ADAM),
    "adam/weightDecay": (torch.optim.Adam, ADAM | {"weightDecay": 0.1}),
    "adam/betas": (torch.optim.Adam, ADAM | {"beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3}),
    "adam/amsgrad": (torch.optim.Adam, ADAM | {"amsgrad": True, "beta2": 0.9}),
    "adamW/plain": (torch.optim.AdamW, ADAM),
    "adamW/weightDecay": (torch.optim.AdamW, ADAM | {"weightDecay": 0.1}),
    "adamW/betas": (
        torch.optim.AdamW,
        ADAM | {"beta1": 0.5, "beta2": 0.95, "epsilon": 1e-3, "weightDecay": 0.01},
    ),
    "adamW/amsgrad": (
        torch.optim.AdamW, ADAM | {"amsgrad": True, "beta2": 0.9, "weightDecay": 0.1},
    ),
    "adagrad/plain": (torch.optim.Adagrad, ADAGRAD),
    "adagrad/decays": (
        torch.optim.Adagrad, ADAGRAD | {"learningRateDecay": 0.1, "weightDecay": 0.1},
    ),
    "adagrad/initialAccumulator": (torch.optim.Adagrad, ADAGRAD | {"initialAccumulator": 0.5}),
    "rmsProp/plain": (torch.optim.RMSprop, RMSPROP),
    "rmsProp/centered": (torch.optim.RMSprop, RMSPROP | {"centered": True}),
    "rmsProp/momentum": (torch.optim.RMSprop, RMSPROP | {"momentum": 0.9}),
    "rmsProp/centered_momentum_weightDecay": (
        torch.optim.RMSprop,
        RMSPROP | {"centered": True, "momentum": 0.9, "weightDecay": 0.1, "alpha": 0.9},
    ),
    "lion/plain": (Lion, LION),
    "lion/betas_weightDecay": (Lion, LION | {"beta1": 0.95, "beta2": 0.98, "weightDecay": 0.5}),
    "lamb/plain": (LAMB, LAMB_DEFAULTS),
    "lamb/betas_weightDecay": (
        LAMB, LAMB_DEFAULTS | {"beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3, "weightDecay": 0.2},
    ),
    "lars/plain": (LARS, LARS_DEFAULTS),
    "lars/weightDecay": (LARS, LARS_DEFAULTS | {"momentum": 0.5, "weightDecay": 0.1}),
}
# What the second group, of the last two parameters, has of its own; the first has weightDecay.
GROUPS = {"weightDecay": 0.1, "scale": 0.5, "beta1": 0.5, "beta2": 0.9, "momentum": 0.5}


def make():
    family = Family()
    for key, (optimizer, attributes) in TRAJECTORIES.items():
        trajectory(family, key, optimizer, attributes)
    for key, (schedule, arguments, attributes) in SCHEDULES.items():
        learning_rates(family, key, schedule, arguments, attributes)
    for case in ["adamW", "sgd", "lamb", "lars"]:
        groups(family, f"groups/{case}")
    for key, attributes in PLATEAUS.items():
        plateau(family, key, attributes)
    for case, bound, order, odd in CLIPPINGS:
        clipping(family, f"clipGradientNorm/{case}", bound, order, odd)
    clipping(family, "clipGradientValues/plain", 0.5)
    return family


def trajectory(family, key, optimizer, attributes):
    """Stores the parameters before (`input0`…), the gradients of every step (`gradients0`…,
    [steps, …]) and the parameters after every step (`output0`…, [steps, …])."""
    arguments = {TORCH_NAMES.get(name, name): value for name, value in attributes.items()}
    if "beta1" in arguments:
        arguments["betas"] = (arguments.pop("beta1"), arguments.pop("beta2"))
    follow(family, key, attributes, lambda parameters: optimizer(parameters, **arguments))


def groups(family, key):
    """Two groups, the learning rate of both halved before the eleventh step."""
    rate, decay, scale = 0.05, GROUPS["weightDecay"], GROUPS["scale"]
    betas, momentum = (GROUPS["beta1"], GROUPS["beta2"]), GROUPS["momentum"]

    def make(parameters):
        first = {"params": parameters[:1], "weight_decay": decay}
        second = {"params": parameters[1:], "weight_decay": 0.0, "lr": scale * rate}
        match key:
            case "groups/adamW":
                return torch.optim.AdamW([first, second | {"betas": betas}], lr=rate)
            case "groups/sgd":
                second |= {"momentum": momentum}
                return torch.optim.SGD([first, second], lr=rate, momentum=0.9)
            case "groups/lamb":
                return LAMB([first, second | {"adapt": False, "betas": betas}], lr=rate)
            case "groups/lars":
                second |= {"adapt": False, "momentum": momentum}
                return LARS([first, second], lr=rate, momentum=0.9, trust_coefficient=0.1)

    def before(step, optimizer):
        if step == 10:
            for group in optimizer.param_groups:
                group["lr"] *= 0.5

    follow(family, key, GROUPS | {"learningRate": rate}, make, before)


def follow(family, key, attributes, make, before=lambda step, optimizer: None):
    generator = family.generator(key)
    family.describe(key, attributes)
    parameters, gradients = [], []
    for i, shape in enumerate(SHAPES):
        start = torch.randn(shape, generator=generator)
        slopes = torch.randn((STEPS, *shape), generator=generator)
        family.store(f"{key}/input{i}", start)
        family.store(f"{key}/gradients{i}", slopes)
        parameters.append(torch.nn.Parameter(start.double()))
        gradients.append(slopes.double())
    optimizer = make(parameters)
    path = [[] for _ in SHAPES]
    for step in range(STEPS):
        before(step, optimizer)
        for i, parameter in enumerate(parameters):
            parameter.grad = gradients[i][step]
        optimizer.step()
        for i, parameter in enumerate(parameters):
            path[i].append(parameter.detach().clone())
    for i, points in enumerate(path):
        family.store(f"{key}/output{i}", torch.stack(points))


def sequence(optimizer):
    """Ten steps up, 25 along a cosine, then an exponential from the start."""
    lr = torch.optim.lr_scheduler
    parts = [
        lr.LinearLR(optimizer, start_factor=0.1, total_iters=10),
        lr.CosineAnnealingLR(optimizer, T_max=25, eta_min=0.01),
        lr.ExponentialLR(optimizer, gamma=0.9),
    ]
    return lr.SequentialLR(optimizer, parts, milestones=[10, 35])


def schedules():
    lr = torch.optim.lr_scheduler
    start = {"learningRate": 0.5}
    return {
        "stepLR/10": (lr.StepLR, {"step_size": 10, "gamma": 0.5},
                      start | {"stepSize": 10, "gamma": 0.5}),
        "stepLR/7": (lr.StepLR, {"step_size": 7, "gamma": 0.1},
                     start | {"stepSize": 7, "gamma": 0.1}),
        "multiStepLR/plain": (lr.MultiStepLR, {"milestones": [5, 20, 41], "gamma": 0.3},
                              start | {"milestones": [5, 20, 41], "gamma": 0.3}),
        "exponentialLR/plain": (lr.ExponentialLR, {"gamma": 0.93}, start | {"gamma": 0.93}),
        "cosineAnnealingLR/50": (lr.CosineAnnealingLR, {"T_max": 50},
                                 start | {"steps": 50, "minimum": 0.0}),
        "cosineAnnealingLR/49": (lr.CosineAnnealingLR, {"T_max": 49, "eta_min": 0.01},
                                 start | {"steps": 49, "minimum": 0.01}),
        "cosineAnnealingWarmRestarts/10": (
            lr.CosineAnnealingWarmRestarts, {"T_0": 10, "eta_min": 0.01},
            start | {"period": 10, "multiplier": 1, "minimum": 0.01}),
        "cosineAnnealingWarmRestarts/7_2": (
            lr.CosineAnnealingWarmRestarts, {"T_0": 7, "T_mult": 2},
            start | {"period": 7, "multiplier": 2, "minimum": 0.0}),
        "linearLR/warmup": (
            lr.LinearLR, {"start_factor": 0.1, "end_factor": 1.0, "total_iters": 15},
            start | {"startFactor": 0.1, "endFactor": 1.0, "steps": 15}),
        "linearLR/decay": (
            lr.LinearLR, {"start_factor": 1.0, "end_factor": 0.2, "total_iters": 40},
            start | {"startFactor": 1.0, "endFactor": 0.2, "steps": 40}),
        "oneCycleLR/cosine": (
            lr.OneCycleLR, {"max_lr": 0.5, "total_steps": 50},
            {"maximum": 0.5, "steps": 50, "warmupFraction": 0.3, "startDivisor": 25.0,
             "endDivisor": 10000.0, "anneal": "cosine"}),
        "oneCycleLR/linear": (
            lr.OneCycleLR,
            {"max_lr": 0.2, "total_steps": 60, "pct_start": 0.25, "anneal_strategy": "linear",
             "div_factor": 10.0, "final_div_factor": 100.0},
            {"maximum": 0.2, "steps": 60, "warmupFraction": 0.25, "startDivisor": 10.0,
             "endDivisor": 100.0, "anneal": "linear"}),
        "oneCycleLR/noWarmup": (
            lr.OneCycleLR, {"max_lr": 0.5, "total_steps": 50, "pct_start": 0.0},
            {"maximum": 0.5, "steps": 50, "warmupFraction": 0.0, "startDivisor": 25.0,
             "endDivisor": 10000.0, "anneal": "cosine"}),
        "constantLR/plain": (lr.ConstantLR, {"factor": 0.25, "total_iters": 12},
                             start | {"factor": 0.25, "steps": 12}),
        "sequentialLR/plain": (sequence, {}, start | {"warmup": 10, "steps": 25, "gamma": 0.9}),
        "polynomialLR/1": (lr.PolynomialLR, {"total_iters": 40, "power": 1.0},
                           start | {"steps": 40, "power": 1.0}),
        "polynomialLR/2": (lr.PolynomialLR, {"total_iters": 50, "power": 2.0},
                           start | {"steps": 50, "power": 2.0}),
    }


SCHEDULES = schedules()


def learning_rates(family, key, schedule, arguments, attributes):
    """Stores the learning rate that each of the first steps is made with (`output`)."""
    family.describe(key, attributes)
    parameter = torch.nn.Parameter(torch.zeros(()))
    parameter.grad = torch.zeros(())
    optimizer = torch.optim.SGD([parameter], lr=attributes.get("learningRate", 1.0), momentum=0.9)
    schedule = schedule(optimizer, **arguments)
    rates = []
    for _ in range(SCHEDULE_STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    family.store(f"{key}/output", torch.tensor(rates, dtype=torch.float64))


PLATEAU = {
    "learningRate": 0.5, "mode": "minimum", "factor": 0.1, "patience": 3, "threshold": 1e-4,
    "isRelative": True, "cooldown": 0, "minimum": 0.0,
}
PLATEAUS = {
    "reduceOnPlateau/plain": PLATEAU,
    "reduceOnPlateau/maximum": PLATEAU | {"mode": "maximum", "factor": 0.5, "patience": 0},
    "reduceOnPlateau/absolute": PLATEAU | {"threshold": 0.3, "isRelative": False, "patience": 2},
    "reduceOnPlateau/maximum_absolute": PLATEAU
    | {"mode": "maximum", "threshold": 0.1, "isRelative": False, "factor": 0.7, "patience": 1},
    "reduceOnPlateau/cooldown_minimum": PLATEAU
    | {"threshold": 0.2, "cooldown": 4, "patience": 1, "factor": 0.5, "minimum": 0.1},
}


def plateau(family, key, attributes):
    """Stores metrics (`input0`) and the learning rate after each of them (`output`)."""
    generator = family.generator(key)
    family.describe(key, attributes)
    steps = torch.arange(SCHEDULE_STEPS)
    metrics = torch.exp(-steps / 10) + 0.2 * torch.rand(SCHEDULE_STEPS, generator=generator)
    if attributes["mode"] == "maximum":
        metrics = 1.5 - metrics
    family.store(f"{key}/input0", metrics)
    optimizer = torch.optim.SGD([torch.zeros(())], lr=attributes["learningRate"])
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, mode=attributes["mode"][:3], factor=attributes["factor"],
        patience=attributes["patience"], threshold=attributes["threshold"],
        threshold_mode="rel" if attributes["isRelative"] else "abs",
        cooldown=attributes["cooldown"], min_lr=attributes["minimum"])
    rates = []
    for metric in metrics.double():
        schedule.step(metric)
        rates.append(optimizer.param_groups[0]["lr"])
    family.store(f"{key}/output", torch.tensor(rates, dtype=torch.float64))


# case, maximum, order of the norm, a gradient to put among the others
CLIPPINGS = [
    ("clipped", 1.0, 2.0, None), ("untouched", 100.0, 2.0, None),
    ("magnitudes", 1.0, 1.0, None), ("largest", 1.0, float("inf"), None),
    ("specialNotANumber", 1.0, 2.0, float("nan")), ("specialInfinite", 1.0, 2.0, float("inf")),
]


def clipping(family, key, bound, order=None, odd=None):
    """Gradients before (`input0`…) and after (`output0`…), and their norm before (`norm`)."""
    generator = family.generator(key)
    attributes = {"maximum": bound}
    if order is not None:
        attributes["order"] = None if order == float("inf") else order
    family.describe(key, attributes)
    parameters = []
    for i, shape in enumerate(SHAPES):
        gradient = torch.randn(shape, generator=generator)
        if odd is not None and i == 1:
            gradient[2] = odd
        family.store(f"{key}/input{i}", gradient)
        parameter = torch.nn.Parameter(torch.zeros(shape, dtype=torch.float64))
        parameter.grad = gradient.double()
        parameters.append(parameter)
    if order is None:
        torch.nn.utils.clip_grad_value_(parameters, bound)
    else:
        norm = torch.nn.utils.clip_grad_norm_(parameters, bound, norm_type=order)
        family.store(f"{key}/norm", norm)
    for i, parameter in enumerate(parameters):
        family.store(f"{key}/output{i}", parameter.grad)
