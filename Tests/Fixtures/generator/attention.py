import torch
import torch.nn.functional as F

from .family import Family, label
from .values import half, normal


def attention(query, key, value, mask=None, *, causal, scale):
    return F.scaled_dot_product_attention(
        query, key, value, mask, is_causal=causal, scale=scale)


def seen(*shape):
    """A boolean mask, true where a key may be looked at; every query sees the first one."""

    def make(generator):
        mask = torch.randint(0, 2, shape, generator=generator).bool()
        mask[..., 0] = True
        return mask

    return make


def make():
    family = Family()
    op = "scaledDotProductAttention"
    plain = {"causal": False, "scale": None}
    # batch and heads…, queries, keys, features of query and key, features of value
    for batch, queries, keys, features, out in [
        ((), 5, 5, 4, 4), ((2,), 3, 7, 4, 6), ((2, 3), 5, 5, 8, 8), ((1, 2), 17, 17, 9, 9),
        ((2, 2), 1, 5, 4, 4), ((1, 1), 33, 33, 16, 16),
    ]:
        shapes = [(*batch, queries, features), (*batch, keys, features), (*batch, keys, out)]
        inputs = [normal(*shape) for shape in shapes]
        name = label(*shapes)
        family.case(f"{op}/{name}", attention, *inputs, **plain)
        family.case(f"{op}/{name}_scaled", attention, *inputs, causal=False, scale=0.3)
        if queries == keys:
            family.case(f"{op}/{name}_causal", attention, *inputs, causal=True, scale=None)
        for mask in [(queries, keys), (*batch, queries, keys)] if batch else [(queries, keys)]:
            title = f"{name}_{label(mask)}"
            family.case(
                f"{op}/{title}_additive", attention, *inputs, normal(*mask), gradients=[0, 1, 2],
                **plain)
            family.case(f"{op}/{title}_boolean", attention, *inputs, seen(*mask), **plain)
    family.case(  # heads cut out of [batch, time, heads, features], as a model does
        f"{op}/transposed", attention, normal(2, 3, 5, 4), normal(2, 3, 5, 4), normal(2, 3, 5, 4),
        layouts=["transposed"] * 3, causal=True, scale=None)
    family.case(
        f"{op}/half", attention, *([half(normal(2, 5, 4))] * 3), causal=True, scale=None)
    family.case(
        f"{op}/half_transposed", attention, *([half(normal(2, 3, 5, 4))] * 3),
        layouts=["transposed"] * 3, causal=False, scale=None)
    return family
