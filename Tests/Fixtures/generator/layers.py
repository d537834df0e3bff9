"""Whole layers: PyTorch's state dict, what the layer makes of an input, and all gradients."""

import torch
from torch import nn

from .family import Family
from .values import normal


def make():
    family = Family()
    layer(
        family, "mlp/relu", nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3)),
        [normal(4, 5)], sizes=[5, 7, 3])
    recurrent(family)
    attention(family)
    for case, module, shape in [
        ("1d", nn.BatchNorm1d(3), (5, 3)), ("1d_time", nn.BatchNorm1d(3), (4, 3, 5)),
        ("2d", nn.BatchNorm2d(3), (2, 3, 4, 5)),
    ]:
        for training in [True, False]:
            mode = "training" if training else "evaluation"
            layer(
                family, f"batchNorm/{case}_{mode}", module, [normal(*shape)], training=training,
                features=3, epsilon=1e-5, momentum=0.1)
    return family


def layer(family, key, module, specs, *, call=None, training=True, **attributes):
    """Records one call of `module`: its state before (`state/…`), inputs, outputs, gradients of
    the inputs (`gradient0`…) and of the parameters (`gradient/…`), buffers after (`after/…`)."""
    generator = family.generator(key)
    for name, value in module.state_dict().items():
        if value.is_floating_point():  # not torch's own initialisation, which is another's seed
            value.copy_(torch.randn(value.shape, generator=generator) * 0.5)
            if name.endswith("running_var"):
                value.square_().add_(0.5)
        else:
            value.zero_()
    module = module.double().train(training)
    inputs = [spec(generator) for spec in specs]
    exact = [x.double().requires_grad_() for x in inputs]

    family.describe(key, attributes | {"training": training})
    for name, value in module.state_dict().items():
        family.store(f"{key}/state/{name}", value.clone())
    for i, value in enumerate(inputs):
        family.store(f"{key}/input{i}", value)
    outputs = flat((call or module)(*exact))
    for i, value in enumerate(outputs):
        family.store(f"{key}/output{i}" if len(outputs) > 1 else f"{key}/output", value)
    cotangent = torch.randn(outputs[0].shape, generator=generator)
    family.store(f"{key}/cotangent", cotangent)
    outputs[0].backward(cotangent.double())
    for i, value in enumerate(exact):
        family.store(f"{key}/gradient{i}", value.grad)
    for name, value in module.named_parameters():
        family.store(f"{key}/gradient/{name}", value.grad)
        value.grad = None
    for name, value in module.named_buffers():
        family.store(f"{key}/after/{name}", value)


def flat(outputs):
    """The tensors of nested tuples, in order."""
    if isinstance(outputs, torch.Tensor):
        return [outputs]
    return [tensor for part in outputs for tensor in flat(part)]


def recurrent(family):
    """[batch, time, features], zeros as the first state or one given as the inputs after it."""
    for op, kind, states in [("rnn", nn.RNN, 1), ("gru", nn.GRU, 1), ("lstm", nn.LSTM, 2)]:
        for case, layers, given in [("plain", 1, False), ("two", 2, False), ("state", 2, True)]:
            module = kind(4, 5, num_layers=layers, batch_first=True)
            specs = [normal(3, 6, 4)] + [normal(layers, 3, 5)] * (states if given else 0)

            def call(x, *start, module=module):
                return module(x, start[0] if len(start) == 1 else start or None)

            layer(
                family, f"{op}/{case}", module, specs, call=call, inputSize=4, hiddenSize=5,
                layers=layers)


def attention(family):
    """[batch, time, features]; the second output is the weights, averaged over the heads."""
    for case, queries, keys, causal in [
        ("self", 5, 5, False), ("cross", 3, 5, False), ("causal", 5, 5, True),
    ]:
        module = nn.MultiheadAttention(6, 2, batch_first=True)
        mask = nn.Transformer.generate_square_subsequent_mask(5).double() if causal else None

        def call(query, key, value, module=module, mask=mask):
            return module(query, key, value, attn_mask=mask)

        layer(
            family, f"multiheadAttention/{case}", module,
            [normal(2, queries, 6), normal(2, keys, 6), normal(2, keys, 6)], call=call,
            features=6, heads=2, causal=causal)
