"""Stands in for PyTorch where a test runs launch/peers/pytorch_step.py: takes the same calls, and
counts steps instead of computing anything."""
__version__ = "0.0-stand-in"


class Anything:
    """A tensor, a layer or an optimiser that allows everything that the script does."""
    shape = (2, 4, 8)

    def __init__(self, *arguments, **options):
        self.layers = arguments

    def __call__(self, *arguments, **options):
        return self.forward(*arguments, **options)

    def forward(self, x, *others):
        return x

    def __getattr__(self, name):
        if name.startswith("__") or name in ("layers",):
            raise AttributeError(name)
        return lambda *arguments, **options: self

    def parameters(self):
        return [Anything()]

    def split(self, size, axis):
        return self, self, self

    def dim(self):
        return 2

    def item(self):
        return 1.5

    @property
    def weight(self):
        return self

    def __add__(self, other):
        return self

    __radd__ = __truediv__ = __getitem__ = __add__


class Sequential(Anything):
    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class ModuleList(list, Anything):
    def __init__(self, modules):
        list.__init__(self, modules)


def make(*arguments, **options):
    return Anything()


randn = randint = zeros = tanh = relu = cat = make
manual_seed = set_num_threads = make

from . import nn, optim  # noqa: E402, as `import torch` brings them
