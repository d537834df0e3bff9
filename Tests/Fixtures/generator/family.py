"""A family of cases: runs PyTorch on seeded inputs and writes what went in and came out."""

import json
import zlib

import torch

from . import container

STORED_AS = {torch.float64: torch.float32, torch.bool: torch.uint8}
TYPE_NAMES = {
    torch.float32: "float32", torch.float16: "float16", torch.int32: "int32",
    torch.int64: "int64", torch.bool: "bool",
}


class Family:
    def __init__(self):
        self.tensors = {}
        self.attributes = {}

    def case(self, key, function, *specs, layouts=None, gradients=None, **attributes):
        """Runs `function(*inputs, **attributes)` and records the case `key` ("op/case").

        The attributes that the function is called with are the ones that are written, less a
        trailing underscore ("from_"). `gradients` lists the inputs to differentiate by; without it
        they are all those that are floating.

        Floating inputs are raised to Float64 for the computation, and the results are rounded
        once to the type that PyTorch gives for the inputs as they are: what is stored is the
        best value of that type, not one with PyTorch's own rounding errors in it.
        """
        generator = self.generator(key)
        inputs = [spec(generator).contiguous() for spec in specs]
        native = as_tuple(function(*(x.clone() for x in inputs), **attributes))

        if gradients is None:
            gradients = [i for i, x in enumerate(inputs) if x.is_floating_point()]
        exact = [x.double() if x.is_floating_point() else x for x in inputs]
        for i in gradients:
            exact[i].requires_grad_()
        results = as_tuple(function(*exact, **attributes))
        outputs = [result.detach().to(like.dtype) for result, like in zip(results, native)]
        self.require_well_conditioned(key, outputs, native)

        self.describe(key, attributes, inputs, layouts)
        for i, value in enumerate(inputs):
            self.store(f"{key}/input{i}", value)
        for i, value in enumerate(outputs):
            self.store(f"{key}/output{i}" if len(outputs) > 1 else f"{key}/output", value)
        if not results[0].requires_grad:
            return
        shape, dtype = outputs[0].shape, outputs[0].dtype
        cotangent = torch.randn(shape, generator=generator).to(dtype)
        leaves = [exact[i] for i in gradients]
        found = torch.autograd.grad(
            results[0], leaves, cotangent.double(), allow_unused=True)
        self.store(f"{key}/cotangent", cotangent)
        for i, gradient in zip(gradients, found):
            if gradient is not None:
                self.store(f"{key}/gradient{i}", gradient.to(inputs[i].dtype))

    def describe(self, key, attributes, inputs=(), layouts=None):
        """Writes down a case: every case has an entry, possibly an empty one."""
        if key in self.attributes:
            raise ValueError(f"{key}: there is a case of this name already")
        entry = {name.rstrip("_"): value for name, value in attributes.items()}
        if layouts is not None:
            entry["layouts"] = layouts
        if any(x.dtype == torch.bool for x in inputs):
            entry["types"] = [TYPE_NAMES[x.dtype] for x in inputs]
        self.attributes[key] = entry

    def store(self, key, value):
        value = value.detach()
        self.tensors[key] = value.to(STORED_AS.get(value.dtype, value.dtype)).contiguous()

    def write(self, path):
        texts = {
            key: json.dumps(entry, allow_nan=False, sort_keys=True)
            for key, entry in self.attributes.items()
        }
        return container.write(path, self.tensors, texts | {"format": "pt"})

    @staticmethod
    def generator(key):
        """Seeded by the case alone, so that a new case changes no other."""
        return torch.Generator().manual_seed(zlib.crc32(key.encode()))

    @staticmethod
    def require_well_conditioned(key, outputs, native):
        """Stops where Float32 itself cannot come close: such a case would test nothing."""
        for ours, theirs in zip(outputs, native):
            tolerance = 1e-2 if theirs.dtype == torch.float16 else 1e-4
            torch.testing.assert_close(
                ours, theirs, rtol=tolerance, atol=tolerance, equal_nan=True,
                msg=lambda text: f"{key}: Float32 and Float64 disagree\n{text}")


def as_tuple(result):
    return tuple(result) if isinstance(result, (tuple, list)) else (result,)


def label(*shapes):
    """A case's name from shapes: (3, 4), () -> "3x4_scalar"."""
    return "_".join("x".join(map(str, shape)) or "scalar" for shape in shapes)
