"""Optimisers that PyTorch does not have, from their papers, in plain torch operations.

A group with `adapt` False is updated without LAMB's and LARS's trust ratio.
"""

import torch


class Lion(torch.optim.Optimizer):
    """Chen et al., "Symbolic Discovery of Optimization Algorithms" (2023), algorithm 2."""

    def __init__(self, parameters, lr, betas, weight_decay):
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group, p, state in entries(self):
            beta1, beta2 = group["betas"]
            m = state.get("m", torch.zeros_like(p))
            update = torch.sign(beta1 * m + (1 - beta1) * p.grad)
            state["m"] = beta2 * m + (1 - beta2) * p.grad
            p -= group["lr"] * (update + group["weight_decay"] * p)


class LAMB(torch.optim.Optimizer):
    """You et al., "Large Batch Optimization for Deep Learning: Training BERT in 76 Minutes" (2020),
    algorithm 2, with the identity for phi."""

    def __init__(self, parameters, lr, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01):
        super().__init__(parameters, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "adapt": True,
        })

    @torch.no_grad()
    def step(self):
        for group, p, state in entries(self):
            beta1, beta2 = group["betas"]
            t = state["t"] = state.get("t", 0) + 1
            m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * p.grad
            v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * p.grad**2
            r = (m / (1 - beta1**t)) / (torch.sqrt(v / (1 - beta2**t)) + group["eps"])
            update = r + group["weight_decay"] * p
            ratio = p.norm() / update.norm() if group["adapt"] else 1
            p -= group["lr"] * ratio * update


class LARS(torch.optim.Optimizer):
    """You, Gitman and Ginsburg, "Large Batch Training of Convolutional Networks" (2017),
    algorithm 1."""

    def __init__(self, parameters, lr, momentum, trust_coefficient, weight_decay=0.0):
        super().__init__(parameters, {
            "lr": lr, "momentum": momentum, "trust_coefficient": trust_coefficient,
            "weight_decay": weight_decay, "adapt": True,
        })

    @torch.no_grad()
    def step(self):
        for group, p, state in entries(self):
            decay = group["weight_decay"]
            local = 1
            if group["adapt"]:
                norms = p.grad.norm() + decay * p.norm()
                local = group["trust_coefficient"] * p.norm() / norms
            v = group["momentum"] * state.get("v", 0) + group["lr"] * local * (p.grad + decay * p)
            state["v"] = v
            p -= v


def entries(optimizer):
    for group in optimizer.param_groups:
        for p in group["params"]:
            yield group, p, optimizer.state[p]
