"""Trajectories of the optimisers on three small parameters, and learning rates of the schedules."""

import torch

from .family import Family

SHAPES = [(7, 5), (5,), ()]
STEPS = 20
SCHEDULE_STEPS = 50

# torch's words for ours, where they differ by more than spelling
TORCH_NAMES = {
    "learningRate": "lr", "weightDecay": "weight_decay", "epsilon": "eps", "smoothing": "alpha",
    "learningRateDecay": "lr_decay", "initialAccumulator": "initial_accumulator_value",
}

SGD = {
    "learningRate": 0.1, "momentum": 0.0, "dampening": 0.0, "weightDecay": 0.0, "nesterov": False,
}
ADAM = {
    "learningRate": 0.05, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weightDecay": 0.0,
}
ADAGRAD = {
    "learningRate": 0.1, "learningRateDecay": 0.0, "weightDecay": 0.0, "initialAccumulator": 0.0,
    "epsilon": 1e-10,
}
RMSPROP = {
    "learningRate": 0.01, "smoothing": 0.99, "epsilon": 1e-8, "weightDecay": 0.0, "momentum": 0.0,
    "centered": False,
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
    "adamW/plain": (torch.optim.AdamW, ADAM),
    "adamW/weightDecay": (torch.optim.AdamW, ADAM | {"weightDecay": 0.1}),
    "adamW/betas": (
        torch.optim.AdamW,
        ADAM | {"beta1": 0.5, "beta2": 0.95, "epsilon": 1e-3, "weightDecay": 0.01},
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
        RMSPROP | {"centered": True, "momentum": 0.9, "weightDecay": 0.1, "smoothing": 0.9},
    ),
}


def make():
    family = Family()
    for key, (optimizer, attributes) in TRAJECTORIES.items():
        trajectory(family, key, optimizer, attributes)
    for key, (schedule, arguments, attributes) in SCHEDULES.items():
        learning_rates(family, key, schedule, arguments, attributes)
    for case, bound in [("clipped", 1.0), ("untouched", 100.0)]:
        clipping(family, f"clipGradientNorm/{case}", bound)
    return family


def trajectory(family, key, optimizer, attributes):
    """Stores the parameters before (`input0`…), the gradients of every step (`gradients0`…,
    [steps, …]) and the parameters after every step (`output0`…, [steps, …])."""
    generator = family.generator(key)
    family.describe(key, attributes)
    arguments = {TORCH_NAMES.get(name, name): value for name, value in attributes.items()}
    if "beta1" in arguments:
        arguments["betas"] = (arguments.pop("beta1"), arguments.pop("beta2"))
    parameters, gradients = [], []
    for i, shape in enumerate(SHAPES):
        start = torch.randn(shape, generator=generator)
        slopes = torch.randn((STEPS, *shape), generator=generator)
        family.store(f"{key}/input{i}", start)
        family.store(f"{key}/gradients{i}", slopes)
        parameters.append(torch.nn.Parameter(start.double()))
        gradients.append(slopes.double())
    optimizer = optimizer(parameters, **arguments)
    path = [[] for _ in SHAPES]
    for step in range(STEPS):
        for i, parameter in enumerate(parameters):
            parameter.grad = gradients[i][step]
        optimizer.step()
        for i, parameter in enumerate(parameters):
            path[i].append(parameter.detach().clone())
    for i, points in enumerate(path):
        family.store(f"{key}/output{i}", torch.stack(points))


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


def clipping(family, key, bound):
    """Gradients before (`input0`…) and after (`output0`…), and their norm before (`norm`)."""
    generator = family.generator(key)
    family.describe(key, {"maximum": bound})
    parameters = []
    for i, shape in enumerate(SHAPES):
        gradient = torch.randn(shape, generator=generator)
        family.store(f"{key}/input{i}", gradient)
        parameter = torch.nn.Parameter(torch.zeros(shape, dtype=torch.float64))
        parameter.grad = gradient.double()
        parameters.append(parameter)
    norm = torch.nn.utils.clip_grad_norm_(parameters, bound)
    family.store(f"{key}/norm", norm)
    for i, parameter in enumerate(parameters):
        family.store(f"{key}/output{i}", parameter.grad)
