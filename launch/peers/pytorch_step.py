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


workload, threads, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
torch.manual_seed(1)
optimizer, forward = {"mlp": mlp}[workload]()
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
