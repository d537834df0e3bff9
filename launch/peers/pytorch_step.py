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


def classifier(model, *shape):
    """Classes of random inputs, SGD with momentum."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    inputs, targets = torch.randn(*shape), torch.randint(0, 10, (shape[0],))
    return optimizer, lambda: functional.cross_entropy(model(inputs), targets)


def lenet():
    """Two convolutions with max-pooling and two linear layers, 64 images of 28x28."""
    return classifier(nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10)), 64, 1, 28, 28)


class Block(nn.Module):
    """A residual block, with a 1x1 convolution around it where the shape changes."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Identity() if inputs == outputs and stride == 1 else nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.norm2(self.conv2(torch.relu(self.norm1(self.conv1(x)))))
        return torch.relu(y + self.shortcut(x))


def resnet20():
    """The ResNet-20 of CIFAR, 32 images of 3x32x32."""
    layers, inputs = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()], 16
    for width in (16, 32, 64):
        for _ in range(3):
            layers.append(Block(inputs, width, 1 if width == inputs else 2))
            inputs = width
    return classifier(nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)), 32, 3, 32, 32)


class TransformerBlock(nn.Module):
    """nanoGPT's block without biases and dropout."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width, bias=False), nn.LayerNorm(width, bias=False)
        self.attention = nn.Linear(width, 3 * width, bias=False)
        self.projection = nn.Linear(width, width, bias=False)
        self.up, self.down = nn.Linear(width, 4 * width, bias=False), nn.Linear(4 * width, width, bias=False)

    def forward(self, x):
        batch, time, width = x.shape
        q, k, v = self.attention(self.norm1(x)).split(width, 2)
        q, k, v = (t.view(batch, time, self.heads, -1).transpose(1, 2) for t in (q, k, v))
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.projection(y.transpose(1, 2).reshape(batch, time, width))
        return x + self.down(functional.gelu(self.up(self.norm2(x))))


class GPT(nn.Module):
    """nanoGPT's model; the head is the table of tokens."""

    def __init__(self, vocabulary, context, layers, heads, width):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.blocks = nn.ModuleList(TransformerBlock(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width, bias=False)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, tokens):
        x = self.tokens(tokens) + self.positions.weight[:tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        return functional.linear(self.norm(x), self.tokens.weight)


def language_model(batch, context, layers, heads, width):
    """The next of 65 tokens, AdamW."""
    model = GPT(65, context, layers, heads, width)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    inputs, targets = (torch.randint(0, 65, (batch, context)) for _ in range(2))
    return optimizer, lambda: functional.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())


workloads = {
    "mlp": mlp, "lenet": lenet, "resnet20": resnet20, "rnn": rnn,
    "gpt": lambda: language_model(12, 64, 4, 4, 128),
    "gpt-baby": lambda: language_model(8, 256, 6, 6, 384),
}
workload, threads, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
torch.manual_seed(1)
optimizer, forward = workloads[workload]()
seconds = []
for step in range(-max(2, steps // 10), steps):
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
