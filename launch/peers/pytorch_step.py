"""Times a training step of PyTorch on a workload of `lockstep bench step`; prints one JSON object."""
import json
import resource
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional


def mlp():
    """784-512-512-10, ReLU, batch 128, SGD with momentum."""
    model = nn.Sequential(
        nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    inputs, targets = torch.randn(128, 784), torch.randint(0, 10, (128,))
    return optimizer, lambda: functional.cross_entropy(model(inputs), targets)


def rnn():
    """h = tanh(Linear(cat(x, h))), y = Linear(h), 50 steps in a loop, batch 16, SGD with momentum."""
    hidden, output = nn.Linear(64 + 128, 128), nn.Linear(128, 64)
    optimizer = torch.optim.SGD([*hidden.parameters(), *output.parameters()], lr=0.01, momentum=0.9)
    inputs, targets = torch.randn(50, 16, 64), torch.randn(50, 16, 64)

    def forward():
        h, total = torch.zeros(16, 128), 0.0
        for t in range(50):
            h = torch.tanh(hidden(torch.cat([inputs[t], h], 1)))
            total = total + functional.mse_loss(output(h), targets[t])
        return total / 50

    return optimizer, forward


workload, threads, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
torch.manual_seed(1)
optimizer, forward = {"mlp": mlp, "rnn": rnn}[workload]()
seconds = []
for step in range(-max(20, steps // 10), steps):
    start = time.perf_counter()
    optimizer.zero_grad()
    loss = forward()
    loss.backward()
    optimizer.step()
    value = loss.item()
    if step >= 0:
        seconds.append(time.perf_counter() - start)
print(json.dumps({
    "workload": workload, "threads": threads, "version": torch.__version__,
    "step_ms_median": 1e3 * statistics.median(seconds),
    "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, "loss": value}))
