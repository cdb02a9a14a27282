"""Weights in files, both ways: PyTorch's state dicts as safetensors, and files of the package ``safetensors``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from safetensors.torch import load_file as load_torch
from safetensors.torch import save_file as save_torch

import nn

RNG = np.random.default_rng(6)
DTYPES = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8"]


def arrays() -> dict[str, np.ndarray]:
    state = {f"x.{name}": RNG.integers(0, 2, (2, 3)).astype(name) for name in DTYPES}
    return {**state, "empty": np.zeros((0, 4), "f4"), "number": np.array(2.5), "näme": np.ones(3, "f2")}


def assert_same(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert given.keys() == expected.keys()
    for name, array in expected.items():
        assert given[name].dtype == array.dtype
        assert given[name].shape == array.shape
        np.testing.assert_array_equal(given[name], array)


class TestThePackage:
    def test_it_reads_ours(self, tmp_path):
        state = arrays()
        nn.save_safetensors(state, tmp_path / "a", metadata={"made by": "hand"})
        assert_same(load_file(tmp_path / "a"), state)
        with safe_open(tmp_path / "a", "np") as file:
            assert file.metadata() == {"made by": "hand"}

    def test_we_read_its(self, tmp_path):
        state = arrays()
        save_file(state, tmp_path / "a", metadata={"made by": "it"})
        assert_same(nn.load_safetensors(tmp_path / "a"), state)
        assert nn.read_safetensors_metadata(tmp_path / "a") == {"made by": "it"}

    def test_bfloat16(self, tmp_path):
        values = torch.tensor([1.0, -2.5, 3e38, float("inf"), float("nan"), 1e-40]).to(torch.bfloat16)
        save_torch({"x": values}, tmp_path / "a")
        np.testing.assert_array_equal(nn.load_safetensors(tmp_path / "a")["x"], values.float().numpy())

    @pytest.mark.parametrize("seed", range(4))
    def test_what_it_refuses_we_refuse(self, tmp_path, seed):
        """Files changed at random: wherever the package finds fault, so do we."""
        rng = np.random.default_rng(seed)
        nn.save_safetensors({"weight": np.ones((2, 3), "f4"), "b": np.ones(2, "i8")}, tmp_path / "a")
        content = (tmp_path / "a").read_bytes()
        refused = 0
        for _ in range(250):
            changed = bytearray(content)
            changed[int(rng.integers(len(content) - 40))] = int(rng.integers(256))
            (tmp_path / "a").write_bytes(changed)
            try:
                load_file(tmp_path / "a")
            except Exception:
                refused += 1
                with pytest.raises(nn.FileFormatError):
                    nn.load_safetensors(tmp_path / "a")
        assert refused > 100


T = torch.nn


def image() -> np.ndarray:
    return RNG.standard_normal((3, 2, 9, 9)).astype(np.float32)


NETWORKS: dict[str, tuple[Callable[[Any], Any], Callable[[], Any]]] = {
    "perceptron": (
        lambda n: n.Sequential(n.Linear(5, 7), n.Tanh(), n.Linear(7, 3, bias=False)),
        lambda: RNG.standard_normal((4, 5)).astype(np.float32),
    ),
    "convolution and batch normalization": (
        lambda n: n.Sequential(
            n.Conv2d(2, 4, 3, padding=1), n.BatchNorm2d(4), n.ReLU(), n.Flatten(), n.Linear(4 * 81, 3)
        ),
        image,
    ),
    "groups": (lambda n: n.Sequential(n.Conv2d(2, 4, 3, groups=2), n.GroupNorm(2, 4)), image),
    "layer normalization": (
        lambda n: n.Sequential(n.Linear(5, 6), n.LayerNorm(6), n.GELU()),
        lambda: RNG.standard_normal((4, 5)).astype(np.float32),
    ),
    "embedding": (
        lambda n: n.Sequential(n.Embedding(11, 6), n.Linear(6, 11)),
        lambda: RNG.integers(0, 11, (3, 4)),
    ),
    "LSTM": (
        lambda n: n.LSTM(4, 5, num_layers=2, bidirectional=True),
        lambda: RNG.standard_normal((6, 2, 4)).astype(np.float32),
    ),
    "GRU": (lambda n: n.GRU(4, 5, batch_first=True), lambda: RNG.standard_normal((2, 6, 4)).astype(np.float32)),
    "Transformer": (
        lambda n: n.TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True),
        lambda: RNG.standard_normal((2, 5, 8)).astype(np.float32),
    ),
}


def outputs(model: Any, x: np.ndarray) -> np.ndarray:
    """What the model, of either library, gives in evaluation mode."""
    model.eval()
    theirs = isinstance(model, T.Module)
    found = model(torch.tensor(x) if theirs else x)
    return (found[0] if isinstance(found, tuple) else found).detach().numpy()


def after_some_batches(model: Any, x: np.ndarray) -> None:
    """Let running averages leave their initial values."""
    model.train()
    with torch.no_grad():
        for _ in range(3):
            model(torch.tensor(x))


@pytest.mark.parametrize("name", NETWORKS)
class TestNetworks:
    def test_a_file_of_pytorch_loads_here(self, tmp_path, name):
        make, data = NETWORKS[name]
        torch.manual_seed(0)
        theirs, x = make(T), data()
        after_some_batches(theirs, x)
        save_torch(theirs.state_dict(), tmp_path / "a.safetensors")
        ours = make(nn)
        keys = nn.load_weights(ours, tmp_path / "a.safetensors")
        assert not keys.missing_keys
        assert not keys.unexpected_keys
        np.testing.assert_allclose(outputs(ours, x), outputs(theirs, x), rtol=1e-4, atol=1e-5)

    def test_our_file_loads_there(self, tmp_path, name):
        make, data = NETWORKS[name]
        ours, x = make(nn), data()
        ours.train()
        ours(x)
        nn.save_weights(ours, tmp_path / "a.safetensors")
        theirs = make(T)
        theirs.load_state_dict(load_torch(tmp_path / "a.safetensors"), strict=True)
        np.testing.assert_allclose(outputs(ours, x), outputs(theirs, x), rtol=1e-4, atol=1e-5)

    def test_there_and_back_changes_no_bit(self, tmp_path, name):
        make, data = NETWORKS[name]
        first, x = make(nn), data()
        nn.save_weights(first, tmp_path / "a.safetensors")
        theirs = make(T)
        theirs.load_state_dict(load_torch(tmp_path / "a.safetensors"))
        save_torch(theirs.state_dict(), tmp_path / "b.safetensors")
        second = make(nn)
        nn.load_weights(second, tmp_path / "b.safetensors")
        assert_same(dict(second.state_dict()), dict(first.state_dict()))
        np.testing.assert_array_equal(outputs(first, x), outputs(second, x))


def test_npz_both_ways(tmp_path):
    theirs = T.Linear(3, 2)
    np.savez(tmp_path / "a.npz", **{key: value.numpy() for key, value in theirs.state_dict().items()})
    ours = nn.Linear(3, 2)
    nn.load_weights(ours, tmp_path / "a.npz")
    x = RNG.standard_normal((4, 3)).astype(np.float32)
    np.testing.assert_allclose(outputs(ours, x), outputs(theirs, x), rtol=1e-6)
    nn.save_weights(ours, tmp_path / "b.npz")
    with np.load(tmp_path / "b.npz") as archive:
        theirs.load_state_dict({key: torch.tensor(value) for key, value in archive.items()})
