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
    simple(family)
    recurrent(family)
    cells(family)
    attention(family)
    transformer(family)
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
    exact = [x.double().requires_grad_() if x.is_floating_point() else x for x in inputs]

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
        if value.is_floating_point():
            family.store(f"{key}/gradient{i}", value.grad)
    for name, value in module.named_parameters():
        family.store(f"{key}/gradient/{name}", value.grad)
        value.grad = None
    for name, value in module.named_buffers():
        family.store(f"{key}/after/{name}", value.clone())


def flat(outputs):
    """The tensors of nested tuples, in order."""
    if isinstance(outputs, torch.Tensor):
        return [outputs]
    return [tensor for part in outputs for tensor in flat(part)]


def simple(family):
    """By the names of their classes: lower-case ones are operations, which other families have."""
    sizes = {"inputs": 4, "outputs": 6, "groups": 2}
    layer(
        family, "Conv1d/grouped", nn.Conv1d(4, 6, 3, stride=2, padding=1, groups=2),
        [normal(2, 4, 7)], kernel=[3], stride=[2], padding=[1], dilation=[1], **sizes)
    layer(
        family, "Conv2d/pairs",
        nn.Conv2d(4, 6, (3, 2), stride=(1, 2), padding=(2, 1), dilation=(2, 1), groups=2),
        [normal(2, 4, 5, 6)], kernel=[3, 2], stride=[1, 2], padding=[2, 1], dilation=[2, 1],
        **sizes)
    layer(
        family, "ConvTranspose2d/pairs",
        nn.ConvTranspose2d(
            4, 6, (3, 2), stride=(2, 3), padding=(1, 0), output_padding=(1, 2), groups=2),
        [normal(2, 4, 3, 2)], kernel=[3, 2], stride=[2, 3], padding=[1, 0], outputPadding=[1, 2],
        dilation=[1, 1], **sizes)
    layer(
        family, "Bilinear/2x3", nn.Bilinear(3, 4, 5), [normal(2, 3, 3), normal(2, 3, 4)],
        sizes=[3, 4, 5])
    layer(
        family, "LayerNorm/3x4", nn.LayerNorm((3, 4)), [normal(2, 3, 4)], normalizedShape=[3, 4])
    layer(family, "RMSNorm/4", nn.RMSNorm(4), [normal(2, 3, 4)], normalizedShape=[4])
    layer(family, "GroupNorm/2", nn.GroupNorm(2, 6), [normal(2, 6, 5)], groups=2, features=6)
    layer(
        family, "Embedding/padding", nn.Embedding(5, 3, padding_idx=2),
        [lambda _: torch.tensor([[0, 4, 2], [2, 4, 1]])], sizes=[5, 3], paddingIndex=2)
    layer(family, "PReLU/one", nn.PReLU(), [normal(2, 3, 4)], features=1)
    layer(family, "PReLU/channels", nn.PReLU(3), [normal(2, 3, 4)], features=3)


def recurrent(family):
    """[batch, time, features] or [time, batch, features], zeros as the first state or one given as
    the inputs after it."""
    for op, kind, states in [("rnn", nn.RNN, 1), ("gru", nn.GRU, 1), ("lstm", nn.LSTM, 2)]:
        for case, layers, given, options in [
            ("plain", 1, False, {}), ("two", 2, False, {}), ("state", 2, True, {}),
            ("bidirectional", 2, True, {"bidirectional": True}),
            ("time_first", 1, True, {"batch_first": False}), ("no_bias", 1, False, {"bias": False}),
            ("one_step", 1, False, {"bidirectional": True}),
        ] + ([("relu", 2, True, {"nonlinearity": "relu"})] if op == "rnn" else []):
            options = {"batch_first": True, "bias": True, "bidirectional": False} | options
            module = kind(4, 5, num_layers=layers, **options)
            shape = [3, 1 if case == "one_step" else 6]
            directions = 2 if options["bidirectional"] else 1
            x = normal(*(shape if options["batch_first"] else shape[::-1]), 4)
            specs = [x] + [normal(layers * directions, 3, 5)] * (states if given else 0)

            def call(x, *start, module=module):
                return module(x, start[0] if len(start) == 1 else start or None)

            layer(
                family, f"{op}/{case}", module, specs, call=call, inputSize=4, hiddenSize=5,
                layers=layers, batchFirst=options["batch_first"], bias=options["bias"],
                bidirectional=options["bidirectional"],
                nonlinearity=options.get("nonlinearity", "tanh"))


def cells(family):
    """One step, [batch, features], from a given state; the outputs are the next state."""
    for op, kind, states in [
        ("rnnCell", nn.RNNCell, 1), ("gruCell", nn.GRUCell, 1), ("lstmCell", nn.LSTMCell, 2),
    ]:
        module = kind(4, 5)

        def call(x, *start, module=module):
            return module(x, start[0] if len(start) == 1 else start)

        layer(
            family, f"{op}/step", module, [normal(3, 4)] + [normal(3, 5)] * states, call=call,
            inputSize=4, hiddenSize=5)


def attention(family):
    """The second output is the weights, averaged over the heads. `padding` keys at the end of the
    first sample are hidden."""
    for case, queries, keys, causal, padding, options in [
        ("self", 5, 5, False, 0, {}), ("cross", 3, 5, False, 0, {}), ("causal", 5, 5, True, 0, {}),
        ("padding", 3, 5, False, 2, {}), ("causal_padding", 5, 5, True, 2, {}),
        ("time_first", 3, 5, False, 1, {"batch_first": False}),
        ("features", 3, 5, False, 0, {"kdim": 4, "vdim": 3}),
        ("no_bias", 3, 5, False, 0, {"bias": False}),
    ]:
        options = {"batch_first": True, "bias": True, "kdim": 6, "vdim": 6} | options
        module = nn.MultiheadAttention(6, 2, **options)
        mask = torch.ones(5, 5).triu(1).bool() if causal else None
        hidden = torch.zeros(2, keys).bool()
        hidden[0, keys - padding:] = True

        def call(query, key, value, module=module, mask=mask, hidden=hidden):
            return module(query, key, value, attn_mask=mask, key_padding_mask=hidden)

        def spec(time, features):
            return normal(*([2, time] if options["batch_first"] else [time, 2]), features)

        layer(
            family, f"multiheadAttention/{case}", module,
            [spec(queries, 6), spec(keys, options["kdim"]), spec(keys, options["vdim"])], call=call,
            features=6, heads=2, causal=causal, padding=padding,
            batchFirst=options["batch_first"], bias=options["bias"], keyFeatures=options["kdim"],
            valueFeatures=options["vdim"])


def transformer(family):
    """The block of GPT: norms first, exact GELU."""
    for case, causal, bias in [
        ("causal", True, True), ("full", False, True), ("no_bias", True, False),
    ]:
        module = nn.TransformerEncoderLayer(
            6, 2, dim_feedforward=8, dropout=0.0, activation="gelu", batch_first=True,
            norm_first=True, bias=bias)
        mask = torch.ones(5, 5).triu(1).bool() if causal else None

        def call(x, module=module, mask=mask):
            return module(x, src_mask=mask)

        layer(
            family, f"transformerBlock/{case}", module, [normal(2, 5, 6)], call=call, features=6,
            heads=2, hidden=8, causal=causal, bias=bias)
