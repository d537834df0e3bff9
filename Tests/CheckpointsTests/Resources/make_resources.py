"""Writes the files of this folder with the reference implementation (safetensors 0.8.0, torch 2.15.0).

Run as `python make_resources.py` in this folder. The files are committed; the tests need no Python.
"""

import torch
from safetensors.torch import save_file


def eighths(shape):
    """0, 1/8, 2/8, ... in row-major order: exact in every type."""
    return (torch.arange(torch.Size(shape).numel(), dtype=torch.float32) / 8).reshape(shape)


# A model's state_dict, as PyTorch users save it.
model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
state = {name: eighths(tensor.shape) for name, tensor in model.state_dict().items()}
save_file(state, "mlp.safetensors", metadata={"format": "pt"})
halves = {name: (tensor * 8 / 3).half() for name, tensor in state.items()}
save_file(halves, "half.safetensors", metadata={"format": "pt"})



class Layers(torch.nn.Module):
    """A layer of every kind whose state has names of its own, a tied head among them."""

    def __init__(self):
        super().__init__()
        self.token_embedding = torch.nn.Embedding(5, 4)
        self.conv = torch.nn.Conv2d(2, 4, 3, groups=2)
        self.first_norm = torch.nn.BatchNorm2d(4)
        self.lstm = torch.nn.LSTM(4, 3, num_layers=2, bidirectional=True)
        self.gru_cell = torch.nn.GRUCell(4, 3)
        self.cross_attention = torch.nn.MultiheadAttention(4, 2, kdim=3, vdim=3)
        self.blocks = torch.nn.ModuleList(
            torch.nn.TransformerEncoderLayer(4, 2, 8, norm_first=True) for _ in range(2))
        self.heads = torch.nn.ModuleDict({"rowCount": torch.nn.Linear(4, 2)})
        self.point_scale = torch.nn.Parameter(torch.ones(1))
        self.lm_head = torch.nn.Linear(4, 5, bias=False)
        self.lm_head.weight = self.token_embedding.weight


model = Layers()
state = {name: eighths(tensor.shape).to(tensor.dtype) for name, tensor in model.state_dict().items()}
save_file(state, "layers.safetensors", metadata={"format": "pt"})

# Every type that PyTorch can write; an empty tensor and scalars among them.
types = [
    "bool", "uint8", "int8", "int16", "uint16", "float16", "bfloat16", "int32", "uint32", "float32",
    "complex64", "float64", "int64", "uint64", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz",
    "float8_e5m2fnuz",
]
tensors = {name: torch.tensor([1, 0, 1]).to(getattr(torch, name)) for name in types}
tensors["scalar.float32"] = torch.tensor(-0.1)
tensors["scalar.int32"] = torch.tensor(-(2**31), dtype=torch.int32)
tensors["scalar.int64"] = torch.tensor(-(2**63), dtype=torch.int64)
tensors["empty"] = torch.zeros(2, 0, 3)
save_file(tensors, "types.safetensors")

# Names that need escapes, and values whose bits are easily lost.
bits = [0x7FC00001, 0x7F800001 | 0x80000000, 0x7F800000, 0xFF800000, 0x80000000, 1, 0x7F7FFFFF]
bits = torch.tensor(bits, dtype=torch.uint32).view(torch.float32)
names = [
    'quote " backslash \\ slash /', "line\nfeed\ttab\rreturn\b\f", "bell\a escape\x1b delete\x7f",
    "größe", "重み", "🧮", "",
]
save_file(
    {name: bits.clone() for name in names},
    "names.safetensors",
    metadata={'key "1"': "line\nfeed 🧮"},
)
