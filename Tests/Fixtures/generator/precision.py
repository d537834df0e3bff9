"""Mixed precision: PyTorch's scale of the loss along scripted overflows, and its autocast."""

import torch
from torch.nn import functional as F

from .family import Family

STEPS = 40
# Times the scale, these overflow Float32 unless the scale is small: below 2, below 2**14, never.
HUGE = {"1": 2e38, "2": 2e34, "3": 3.3e38}
DEFAULTS = {
    "initialScale": 65536.0, "growthFactor": 2.0, "backoffFactor": 0.5, "growthInterval": 2000,
    "maximum": 0.0,
}
# case: attributes, and for each step a digit where a gradient is huge
SCALERS = {
    "gradScaler/plain": (DEFAULTS, "..1..11..................1.............."),
    "gradScaler/growing": (DEFAULTS | {"growthInterval": 3}, "....2...........2....2...2222..........."),
    "gradScaler/factors": (
        DEFAULTS | {
            "initialScale": 1024.0, "growthFactor": 4.0, "backoffFactor": 0.25, "growthInterval": 5,
        },
        "1......1.............1111...............",
    ),
    "gradScaler/clipped": (
        DEFAULTS | {"initialScale": 16384.0, "growthInterval": 4, "maximum": 0.5},
        "2...2.............2.....................",
    ),
    "gradScaler/interval1": (
        DEFAULTS | {"initialScale": 1.0, "growthInterval": 1},
        "....................2.....2.....2....2..",
    ),
}


def make():
    family = Family()
    for key, (attributes, script) in SCALERS.items():
        scaler(family, key, attributes, script)
    perceptron(family, "autocast/perceptron")
    convolution(family, "autocast/convolution")
    attention(family, "autocast/attention")
    return family


def scaler(family, key, attributes, script):
    """SGD with momentum on a loss whose gradient is row `step` of `gradients`: stores the weights
    after every step, the scale after every update, and the norms before clipping."""
    assert len(script) == STEPS
    family.describe(key, attributes)
    generator = family.generator(key)
    start = torch.randn((7,), generator=generator)
    gradients = torch.randn((STEPS, 7), generator=generator)
    for step, kind in enumerate(script):
        if kind != ".":
            gradients[step, step % 7] = HUGE[kind]
    family.store(f"{key}/input0", start)
    family.store(f"{key}/gradients", gradients)
    weights = torch.nn.Parameter(start.clone())
    optimizer = torch.optim.SGD([weights], lr=0.1, momentum=0.9)
    scaler = torch.amp.GradScaler(
        "cpu", init_scale=attributes["initialScale"], growth_factor=attributes["growthFactor"],
        backoff_factor=attributes["backoffFactor"], growth_interval=attributes["growthInterval"])
    path, scales, norms = [], [], []
    for step in range(STEPS):
        optimizer.zero_grad()
        scaler.scale((weights * gradients[step]).sum()).backward()
        if attributes["maximum"] > 0:
            scaler.unscale_(optimizer)
            norm = torch.nn.utils.clip_grad_norm_([weights], attributes["maximum"])
            norms.append(norm if norm.isfinite() else torch.tensor(-1.0))
        scaler.step(optimizer)
        scaler.update()
        path.append(weights.detach().clone())
        scales.append(scaler.get_scale())
    family.store(f"{key}/output0", torch.stack(path))
    family.store(f"{key}/output1", torch.tensor(scales))
    if norms:
        family.store(f"{key}/norms", torch.stack(norms))


def autocast(family, key, specs, function):
    """Stores Float32 leaves, the loss and another result computed from them in an autocast region,
    and the gradients of the loss times 1024, divided by that."""
    family.describe(key, {})
    generator = family.generator(key)
    leaves = [torch.randn(shape, generator=generator) * size for shape, size in specs]
    for i, leaf in enumerate(leaves):
        family.store(f"{key}/input{i}", leaf)
        leaf.requires_grad_()
    with torch.autocast("cpu", dtype=torch.float16):
        loss, other = function(*leaves)
    assert loss.dtype == torch.float32 and other.dtype == torch.float16
    (loss * 1024).backward()
    family.store(f"{key}/output0", loss)
    family.store(f"{key}/output1", other)
    for i, leaf in enumerate(leaves):
        family.store(f"{key}/gradient{i}", leaf.grad / 1024)


def perceptron(family, key):
    targets = torch.arange(6) % 4

    def run(x, weight1, bias1, weight2, bias2):
        hidden = F.relu(F.linear(x, weight1, bias1))
        logits = F.linear(hidden, weight2, bias2)
        return F.cross_entropy(logits, targets), logits

    autocast(
        family, key, [((6, 9), 1), ((12, 9), 0.3), ((12,), 0.1), ((4, 12), 0.3), ((4,), 0.1)], run)


def convolution(family, key):
    def run(x, weight, bias, head):
        features = F.relu(F.conv2d(x, weight, bias, padding=1)).flatten(1)
        result = torch.matmul(features, head)
        return F.mse_loss(result, torch.ones(3, 2)), result

    autocast(family, key, [((3, 2, 5, 5), 1), ((4, 2, 3, 3), 0.3), ((4,), 0.1), ((100, 2), 0.1)], run)


def attention(family, key):
    def run(query, keys, values):
        result = F.scaled_dot_product_attention(query, keys, values, is_causal=True)
        return F.mse_loss(result, torch.zeros(2, 3, 5, 4)), result

    autocast(family, key, [((2, 3, 5, 4), 1)] * 3, run)
