"""Arguments that PyTorch refuses are refused here; the few that are not stand in a list, with the reason."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest
import torch

import nn
from tests.nn_modules import MODULES, arguments
from tests.test_nn_bad_arguments import BAD, FLAGS, outcome

# What means something here although PyTorch refuses it.
MORE = {
    " ".join(f"*.{name}=zero *.{name}=true" for name in FLAGS.split()): "0 and 1 are truth values",
    "Adaptive???Pool?d.output_size=None": "None keeps the length of an axis, of all axes too",
    "*.weight=* *.pos_weight=*": "one number is a factor for all",
    "*.embedding_dim=zero *.num_embeddings=zero": "an empty table",
}
BESIDE = [name for name in MODULES if hasattr(torch.nn, name) and name != "RNNBase"]


def as_torch(value: Any) -> Any:
    if isinstance(value, nn.TransformerEncoderLayer | nn.TransformerDecoderLayer):
        return getattr(torch.nn, type(value).__name__)(4, 2, 8, dropout=0.0)
    return value


def accepts(name: str, argument: str, value: Any) -> bool:
    """Whether PyTorch makes the module and calls it."""
    example = MODULES[name]
    try:
        options = {key: as_torch(item) for key, item in {**example.arguments, argument: value}.items()}
        module = getattr(torch.nn, name)(**options)
        if example.inputs:
            module(*[torch.tensor(x) for x in example.inputs])
    except Exception:
        return False
    return True


@pytest.mark.filterwarnings("ignore")
def test_examples_run_in_both():
    for name in BESIDE:
        for argument, value in MODULES[name].arguments.items():
            assert accepts(name, argument, value), name
            assert outcome(name, argument, value)[1] is None, name


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", BESIDE)
def test_what_pytorch_refuses_is_refused(name):
    accepted = []
    for argument in arguments(name):
        for kind, value in BAD.items():
            case = f"{name}.{argument}={kind}"
            known = any(fnmatchcase(case, pattern) for patterns in MORE for pattern in patterns.split())
            if not known and outcome(name, argument, value)[1] is None and not accepts(name, argument, value):
                accepted.append(case)
    assert not accepted
