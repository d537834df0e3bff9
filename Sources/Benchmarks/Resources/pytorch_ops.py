"""Times with PyTorch the operations of `lockstep bench ops`; prints their names, a tab, microseconds."""
import sys
import time

import torch
from torch.nn import functional as F

torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(1)


def best_time(body):
    """The shortest time of many runs, each long enough for the clock."""
    body()
    repetitions = 1
    while True:
        start = time.perf_counter()
        for _ in range(repetitions):
            body()
        if time.perf_counter() - start > 200e-6:
            break
        repetitions *= 2
    best, end = float("inf"), time.perf_counter() + 0.15
    while True:
        start = time.perf_counter()
        for _ in range(repetitions):
            body()
        best = min(best, (time.perf_counter() - start) / repetitions)
        if time.perf_counter() > end:
            return best


def report(name, body):
    print(f"{name}\t{best_time(body) * 1e6}", flush=True)


def leaf(*shape):
    return torch.randn(*shape, requires_grad=True)


def without_gradient(body):
    def run():
        with torch.no_grad():
            body()
    return run


def forward_and_backward(name, function, *leaves):
    with torch.no_grad():
        result = function(*leaves)
    gradient = torch.randn(result.shape) if result.dim() else None

    def run():
        function(*leaves).backward(gradient)
        for tensor in leaves:
            tensor.grad = None

    report(name, run)


y = leaf(8) + 1
report("x * x, recorded 8", lambda: y * y)
report("x * x, not recorded 8", without_gradient(lambda: y * y))
forward_and_backward("linear 16x192->128", F.linear, leaf(16, 192), leaf(128, 192), leaf(128))

for m, k, n in [
    (128, 784, 512), (64, 3136, 128), (32, 64, 10), (768, 128, 512), (2048, 384, 1536),
    (16, 192, 128),
]:
    a, b = torch.randn(m, k), torch.randn(n, k)
    report(f"matmul {m}x{k}x{n}", without_gradient(lambda: a @ b.T))

for name, function in [("relu", F.relu), ("gelu", F.gelu), ("tanh", torch.tanh)]:
    forward_and_backward(f"{name} 2048x1536", function, leaf(2048, 1536))
x, h = torch.randn(8_000_000), torch.randn(8_000_000).half()
report("float32 to float16 8000000", lambda: x.half())
report("float16 to float32 8000000", lambda: h.float())
forward_and_backward("softmax 12288x256", lambda x: F.softmax(x, -1), leaf(12288, 256))
forward_and_backward(
    "layerNorm 8192x384", lambda x, w, b: F.layer_norm(x, (384,), w, b),
    leaf(8192, 384), leaf(384), leaf(384))
forward_and_backward(
    "batchNorm 32x64x32x32", lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
    leaf(32, 64, 32, 32), leaf(64), leaf(64))
targets = torch.randint(0, 1000, (4096,))
forward_and_backward(
    "crossEntropy 4096x1000", lambda x: F.cross_entropy(x, targets), leaf(4096, 1000))

for shape in [(12, 4, 64, 32), (8, 6, 256, 64)]:
    forward_and_backward(
        "causal attention " + "x".join(map(str, shape)),
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        leaf(*shape), leaf(*shape), leaf(*shape))
for b, c, size, o in [(64, 32, 14, 64), (32, 16, 32, 16), (32, 64, 8, 64)]:
    forward_and_backward(
        f"conv2d, 3x3 {b}x{c}x{size}x{size}->{o}", lambda x, w: F.conv2d(x, w, padding=1),
        leaf(b, c, size, size), leaf(o, c, 3, 3))
forward_and_backward("maxPool2d 64x32x28x28", lambda x: F.max_pool2d(x, 2), leaf(64, 32, 28, 28))

for name, make in [
    ("SGD with momentum", lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9)),
    ("AdamW", lambda p: torch.optim.AdamW(p)),
]:
    parameter = leaf(8_000_000)
    parameter.grad = torch.randn(8_000_000)
    report(f"{name} 8000000", make([parameter]).step)
