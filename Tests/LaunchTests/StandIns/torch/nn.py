from types import SimpleNamespace

from . import Anything, ModuleList, Sequential, make

Module = Linear = Conv2d = BatchNorm2d = LayerNorm = Embedding = Anything
ReLU = MaxPool2d = Flatten = Identity = AdaptiveAvgPool2d = Anything
functional = SimpleNamespace(
    cross_entropy=make, mse_loss=make, gelu=make, linear=make, scaled_dot_product_attention=make)
init = SimpleNamespace(normal_=make)
