"""Writes safetensors. The package's own writer puts metadata in an order that changes from run to
run; fixtures under version control must not."""

import json
import struct

import torch

CODES = {
    torch.float32: "F32", torch.float16: "F16", torch.int64: "I64", torch.int32: "I32",
    torch.uint8: "U8",
}


def write(path, tensors, metadata):
    """Writes `tensors` (name -> contiguous tensor) and returns the file's size in bytes.

    Wider types come first, as in the reference implementation, so that every tensor is aligned.
    """
    header = {"__metadata__": dict(sorted(metadata.items()))}
    body = bytearray()
    for name in sorted(tensors, key=lambda name: (-tensors[name].element_size(), name)):
        tensor = tensors[name]
        data = tensor.numpy().tobytes()
        header[name] = {
            "dtype": CODES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [len(body), len(body) + len(data)],
        }
        body += data
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return 8 + len(text) + len(body)
