"""Checks the fixtures without PyTorch: the files are what README.md says, and numpy agrees.

    python Tests/Fixtures/check_fixtures.py

One or two ops of every family are computed anew from their closed forms.
"""

import json
import pathlib
import re
import sys

import numpy as np
from safetensors import safe_open

from checks.closed_forms import CLOSED_FORMS

FOLDER = pathlib.Path(__file__).parent
# cases that are about infinities and not-a-numbers, or whose result is one by definition
NOT_FINITE = re.compile(r"/special|/odd|^(mean|logSumExp)/0x4_|^where/special")


def load(path):
    """Returns the cases of a file: "op/case" -> (attributes, tensors by what follows the key)."""
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    assert metadata.pop("format") == "pt"
    cases = {key: (json.loads(text), {}) for key, text in metadata.items()}
    for name, tensor in tensors.items():
        op, case, part = name.split("/", 2)
        cases[f"{op}/{case}"][1][part] = tensor
    return cases


def check_structure(key, attributes, parts):
    outputs = [part for part in parts if part.startswith("output")]
    assert outputs, "no output"
    first = parts["output"] if "output" in parts else parts["output0"]
    assert ("output" in parts) != ("output0" in parts), "output and output0"
    if "cotangent" in parts:
        assert parts["cotangent"].shape == first.shape, "cotangent and output differ in shape"
        assert any(part.startswith("gradient") for part in parts), "a cotangent but no gradient"
    for part, value in parts.items():
        if match := re.fullmatch(r"gradient(\d+)", part):
            source = parts[f"input{match[1]}"]
            assert (value.shape, value.dtype) == (source.shape, source.dtype), part
        if value.dtype.kind == "f" and not NOT_FINITE.search(key):
            assert np.isfinite(value).all(), f"{part} is not finite"
    inputs = [part for part in parts if part.startswith("input")]
    for listed in ["layouts", "types"]:
        assert len(attributes.get(listed, inputs)) == len(inputs), f"{listed}: one per input"
    for i, layout in enumerate(attributes.get("layouts", [])):
        rows = parts[f"input{i}"]
        if layout == "broadcast":
            assert (rows == rows[:1]).all(), "not a broadcast tensor"


def check_closed_form(op, attributes, parts):
    """Returns whether numpy knows this case."""
    expected = CLOSED_FORMS[op](attributes, parts)
    if expected is None:
        return False
    for part, value in expected.items():
        tolerance = 5e-3 if parts[part].dtype == np.float16 else 2e-5
        np.testing.assert_allclose(
            parts[part], value, rtol=tolerance, atol=tolerance, err_msg=part)
    return True


def main():
    files, failures = sorted(FOLDER.glob("*.safetensors")), 0
    for path in files:
        cases, computed, known = load(path), 0, set()
        for key, (attributes, parts) in cases.items():
            op = key.split("/")[0]
            try:
                check_structure(key, attributes, parts)
                if op in CLOSED_FORMS and "special" not in key and "/odd" not in key:
                    computed += check_closed_form(op, attributes, parts)
                    known.add(op)
            except AssertionError as error:
                failures += 1
                print(f"{path.name}: {key}: {error}")
        print(f"{path.stem:12} {len(cases):4} cases, {computed:3} recomputed: {sorted(known)}")
        if not known:
            failures += 1
            print(f"{path.name}: no case was recomputed")
    sys.exit(f"{failures} failures" if failures else 0)


if __name__ == "__main__":
    main()
