"""Closed forms in numpy, Float64: op -> function(attributes, parts) -> {part: expected value}.

A function returns None for a case that it does not cover.
"""

import numpy as np


def inputs(parts):
    names = sorted(part for part in parts if part.startswith("input"))
    return [wide(parts[name]) for name in names]


def wide(x):
    return x.astype(np.float64) if x.dtype.kind == "f" else x


def summed_to(gradient, shape):
    """Sums a gradient back to the shape that was broadcast."""
    extra = tuple(range(gradient.ndim - len(shape)))
    gradient = gradient.sum(axis=extra)
    ones = tuple(i for i, size in enumerate(shape) if size == 1)
    return gradient.sum(axis=ones, keepdims=True)


def differentiated(parts, output, **gradients):
    """The expected parts, gradients only where the case has them."""
    return {"output": output} | {k: v for k, v in gradients.items() if k in parts}


def multiply(attributes, parts):
    a, b = inputs(parts)
    if "cotangent" not in parts:
        return {"output": a * b}
    g = wide(parts["cotangent"])
    return differentiated(
        parts, a * b, gradient0=summed_to(g * b, a.shape), gradient1=summed_to(g * a, b.shape))


def exp(attributes, parts):
    (x,) = inputs(parts)
    return differentiated(parts, np.exp(x), gradient0=wide(parts["cotangent"]) * np.exp(x))


def silu(attributes, parts):
    (x,) = inputs(parts)
    s = 1 / (1 + np.exp(-x))
    return differentiated(
        parts, x * s, gradient0=wide(parts["cotangent"]) * (s + x * s * (1 - s)))


def axes_of(x, attributes):
    return tuple(range(x.ndim)) if attributes["axes"] is None else tuple(attributes["axes"])


def total(attributes, parts):
    (x,) = inputs(parts)
    axes = axes_of(x, attributes)
    result = {"output": x.sum(axis=axes, keepdims=attributes["keep"])}
    if "cotangent" in parts:
        kept = x.sum(axis=axes, keepdims=True).shape
        result["gradient0"] = np.broadcast_to(wide(parts["cotangent"]).reshape(kept), x.shape)
    return result


def variance(attributes, parts):
    (x,) = inputs(parts)
    axes = axes_of(x, attributes)
    return {"output": x.var(axis=axes, keepdims=attributes["keep"], ddof=attributes["correction"])}


def matmul(attributes, parts):
    a, b = inputs(parts)
    result = {"output": a @ b}
    if a.ndim > 1 and b.ndim > 1:
        g = wide(parts["cotangent"])
        result["gradient0"] = summed_to(g @ b.swapaxes(-1, -2), a.shape)
        result["gradient1"] = summed_to(a.swapaxes(-1, -2) @ g, b.shape)
    return result


def pad(attributes, parts):
    (x,) = inputs(parts)
    return {"output": np.pad(x, attributes["padding"], constant_values=attributes["value"])}


def slice_(attributes, parts):
    (x,) = inputs(parts)
    picked = [slice(None)] * x.ndim
    picked[attributes["axis"]] = slice(*(attributes[k] for k in ["start", "stop", "step"]))
    result = {"output": x[tuple(picked)]}
    if "cotangent" in parts:
        result["gradient0"] = np.zeros_like(x)
        result["gradient0"][tuple(picked)] = parts["cotangent"]
    return result


def normalized_exp(x, axis):
    if x.ndim == 0:
        return np.ones(())
    e = np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))
    return e / e.sum(axis=axis, keepdims=True)


def softmax(attributes, parts):
    (x,) = inputs(parts)
    axis = attributes["axis"]
    y, g = normalized_exp(x, axis), wide(parts["cotangent"])
    inner = g * y if x.ndim == 0 else (g * y).sum(axis=axis, keepdims=True)
    return {"output": y, "gradient0": y * (g - inner)}


def layer_norm(attributes, parts):
    x, *affine = inputs(parts)
    axes = tuple(range(-len(attributes["normalizedShape"]), 0))
    centered = x - x.mean(axis=axes, keepdims=True)
    spread = np.sqrt(x.var(axis=axes, keepdims=True) + attributes["epsilon"])
    output = centered / spread
    if affine:
        output = output * affine[0]
    return {"output": output + affine[1] if len(affine) > 1 else output}


def cross_entropy(attributes, parts):
    logits, target, *weight = inputs(parts)
    if weight or logits.ndim != 2 or attributes["labelSmoothing"]:
        return None
    if attributes["ignoreIndex"] in target:
        return None
    rows, reduction = np.arange(len(logits)), attributes["reduction"]
    shifted = logits - logits.max(axis=1, keepdims=True)
    p = normalized_exp(logits, 1)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[rows, target]
    g = wide(parts["cotangent"]) / (len(logits) if reduction == "mean" else 1)
    onehot = np.eye(logits.shape[1])[target]
    output = {"none": losses, "mean": losses.mean(), "sum": losses.sum()}[reduction]
    return {"output": output, "gradient0": (p - onehot) * np.reshape(g, (-1, 1))}


def conv2d(attributes, parts):
    x, weight, *bias = inputs(parts)
    (sy, sx), (py, px), (dy, dx) = (attributes[k] for k in ["stride", "padding", "dilation"])
    x = np.pad(x, [(0, 0), (0, 0), (py, py), (px, px)])
    height, width = parts["output"].shape[2:]
    groups, (out, per_group, *kernel) = attributes["groups"], weight.shape
    result = np.zeros(parts["output"].shape)
    for o in range(out):
        first = o // (out // groups) * per_group
        for ky, kx in np.ndindex(*kernel):
            window = x[:, first:first + per_group, ky * dy:, kx * dx:]
            window = window[:, :, :sy * (height - 1) + 1:sy, :sx * (width - 1) + 1:sx]
            result[:, o] += np.einsum("nchw,c->nhw", window, weight[o, :, ky, kx])
    return {"output": result + bias[0].reshape(-1, 1, 1) if bias else result}


def attention(attributes, parts):
    q, k, v, *mask = inputs(parts)
    scale = attributes["scale"] or q.shape[-1] ** -0.5
    scores = q @ k.swapaxes(-1, -2) * scale
    if attributes["causal"]:
        scores = np.where(np.tri(*scores.shape[-2:]), scores, -np.inf)
    if mask:
        allowed = mask[0].dtype == np.uint8
        scores = np.where(mask[0], scores, -np.inf) if allowed else scores + mask[0]
    return {"output": normalized_exp(scores, -1) @ v}


def sort(attributes, parts):
    (x,) = inputs(parts)
    axis, sign = attributes["axis"], -1 if attributes["descending"] else 1
    order = np.argsort(sign * x, axis=axis)
    return {"output0": np.take_along_axis(x, order, axis), "output1": order}


def trajectory(update):
    """`update(attributes, memory, step, parameter, gradient)` returns the new parameter."""

    def function(attributes, parts):
        result = {}
        for i, start in enumerate(inputs(parts)):
            memory, path, parameter = {}, [], start
            for step, gradient in enumerate(wide(parts[f"gradients{i}"]), 1):
                parameter = update(attributes, memory, step, parameter, gradient)
                path.append(parameter)
            result[f"output{i}"] = np.stack(path)
        return result

    return function


def sgd(a, memory, step, parameter, gradient):
    gradient = gradient + a["weightDecay"] * parameter
    fresh = gradient if step == 1 else (1 - a["dampening"]) * gradient
    velocity = memory["velocity"] = a["momentum"] * memory.get("velocity", 0) + fresh
    direction = gradient + a["momentum"] * velocity if a["nesterov"] else velocity
    return parameter - a["learningRate"] * direction


def adam_w(a, memory, step, parameter, gradient):
    parameter = parameter * (1 - a["learningRate"] * a["weightDecay"])
    m = memory["m"] = a["beta1"] * memory.get("m", 0) + (1 - a["beta1"]) * gradient
    v = memory["v"] = a["beta2"] * memory.get("v", 0) + (1 - a["beta2"]) * gradient**2
    if a["amsgrad"]:
        v = memory["top"] = np.maximum(memory.get("top", 0), v)
    m, v = m / (1 - a["beta1"] ** step), v / (1 - a["beta2"] ** step)
    return parameter - a["learningRate"] * m / (np.sqrt(v) + a["epsilon"])


def mlp(attributes, parts):
    x = wide(parts["input0"])
    w0, b0, w2, b2 = (
        wide(parts[f"state/{name}"]) for name in ["0.weight", "0.bias", "2.weight", "2.bias"])
    before = x @ w0.T + b0
    hidden, g = np.maximum(before, 0), wide(parts["cotangent"])
    inner = (g @ w2) * (before > 0)
    return {
        "output": hidden @ w2.T + b2, "gradient0": inner @ w0, "gradient/0.weight": inner.T @ x,
        "gradient/0.bias": inner.sum(0), "gradient/2.weight": g.T @ hidden,
        "gradient/2.bias": g.sum(0),
    }


def grad_scaler(attributes, parts):
    """The scale after each step, from which gradients overflow when multiplied by it."""
    scale, calm, scales = np.float32(attributes["initialScale"]), 0, []
    for gradient in parts["gradients"]:
        with np.errstate(over="ignore"):
            fits = np.isfinite(gradient.astype(np.float32) * scale).all()
        calm = calm + 1 if fits else 0
        if not fits:
            scale *= np.float32(attributes["backoffFactor"])
        elif calm == attributes["growthInterval"]:
            scale, calm = scale * np.float32(attributes["growthFactor"]), 0
        scales.append(scale)
    return {"output1": np.array(scales)}


CLOSED_FORMS = {
    "multiply": multiply, "exp": exp, "silu": silu, "sum": total, "variance": variance,
    "matmul": matmul, "pad": pad, "slice": slice_, "softmax": softmax, "layerNorm": layer_norm,
    "crossEntropy": cross_entropy, "conv2d": conv2d, "scaledDotProductAttention": attention,
    "sort": sort, "sgd": trajectory(sgd), "adamW": trajectory(adam_w), "mlp": mlp,
    "gradScaler": grad_scaler,
    "less": lambda attributes, parts: {"output": np.less(*inputs(parts))},
}
