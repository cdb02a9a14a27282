"""Checkpoints: going on as if nothing had happened, after kills too, and files that are not what they should be."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_core as ag
import nn
import optim
from nn import safetensors_format
from nn.data import DataLoader, TensorDataset
from nn.training import (
    load_checkpoint,
    save_checkpoint,
)
from nn.training.plain_data import decode, encode
from tests.training_parts import Decay, X, Y, network, same

# -- plain data ------------------------------------------------------------------------------------


KEYS = st.text(max_size=4) | st.integers() | st.booleans() | st.none() | st.tuples(st.integers(), st.text(max_size=2))
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text(max_size=5)
    | st.sampled_from(
        [
            np.arange(6).reshape(2, 3),
            np.array(1.5, "f4"),
            np.zeros((0, 2)),
            np.ones(2, complex),
            np.array(1j),
            np.float32(0.1),
            np.bool_(True),
            np.complex128(1 + 2j),
            ag.tensor([1.0, 2.0]),
        ]
    )
)
NESTED = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(KEYS, inner, max_size=3)
        | st.tuples(inner, inner)
        | st.fixed_dictionaries({"$": inner})
    ),
    max_leaves=8,
)


class TestPlainData:
    @settings(max_examples=100, deadline=None)
    @given(value=NESTED)
    def test_round_trip(self, value):
        text, arrays = encode(value)
        assert same(decode(text, arrays), value)
        json.loads(text)

    def test_names_of_arrays(self):
        ones = np.ones(1)
        _, arrays = encode({"a": {"b": ones}, "a.b": 2 * ones, "c": [ones, {0: ones}]})
        assert {name: array.tolist() for name, array in arrays.items()} == {
            "a.b": [1],
            "a.b#2": [2],
            "c.0": [1],
            "c.1.0": [1],
        }

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ({"a": [object()]}, r"got a object at a\.0"),
            ({"a": b"bytes"}, "got a bytes at a"),
            (lambda: 0, "got a function at the top"),
            ({1: {frozenset(): 1}}, "got a frozenset at 1"),
            ({np.int64(1): 1}, "keys that are numbers or text, got a int64"),
        ],
    )
    def test_other_values_are_refused(self, value, text):
        with pytest.raises(TypeError, match=text):
            encode(value)

    def test_data_that_hold_themselves(self):
        circle: list = []
        circle.append(circle)
        with pytest.raises(ValueError, match=r"nested at most 100 deep, got deeper at 0\.0\.0"):
            encode(circle)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[1",
            "[NaN]",
            "[1e999]",
            '{"a": 1, "a": 2}',
            '{"$": "module", "name": "os"}',
            '{"$": "array", "name": "none"}',
            '{"$": "array"}',
            '{"$": []}',
            '{"$": "tuple", "items": 3}',
            '{"$": "dict", "items": [[1]]}',
            '{"$": "dict", "items": [[[1], 2]]}',
            '{"$": "float", "value": "1"}',
            '{"$": "complex", "value": ["1", 2]}',
            '{"$": "array", "name": "x", "complex": true}',
            "[" * 500 + "]" * 500,
            "[" * 100_000,
            "9" * 5_000,
        ],
    )
    def test_other_texts_are_refused(self, text):
        with pytest.raises(ValueError, match=r"\S"):
            decode(text, {"x": np.array(1.0)})


# -- the bundle ------------------------------------------------------------------------------------


class Bundle:
    """Everything that takes part in a run, and a loop by hand."""

    def __init__(self, seed: int) -> None:
        nn.manual_seed(seed)
        self.model = network()
        self.optimizer = optim.Adam(self.model.parameters(), lr=0.01, weight_decay=0.01)
        self.schedule = Decay(self.optimizer)
        self.loader = DataLoader(TensorDataset(X, Y), batch_size=4, shuffle=True)

    @property
    def parts(self) -> dict:
        return {name: getattr(self, name) for name in ("model", "optimizer", "schedule", "loader")}

    def train(self, batches: int) -> list[float]:
        """That many batches, through as many passes as it takes."""
        losses: list[float] = []
        while len(losses) < batches:
            for x, y in self.loader:
                self.optimizer.zero_grad()
                loss = nn.CrossEntropyLoss()(self.model(x), y)
                loss.backward()
                self.optimizer.step()
                self.schedule.step()
                losses.append(loss.item() + random.random())
                if len(losses) == batches:
                    break
        return losses

    def state(self) -> dict:
        states = {name: part.state_dict() for name, part in self.parts.items()}
        generators = nn.data.randomness.generator_state(nn.default_generator()), random.getstate()
        return {**states, "generators": generators}


class TestBundle:
    @pytest.mark.parametrize("stop", [1, 6, 7, 8, 16])
    def test_going_on_is_bit_equal(self, tmp_path, stop):
        """A pass has 7 batches: before, in the middle, and at the end of one."""
        random.seed(1)
        whole = Bundle(0)
        expected = whole.train(20)
        random.seed(1)
        first = Bundle(0)
        begun = first.train(stop)
        save_checkpoint(tmp_path / "a", **first.parts, epoch=1, step=stop, extra={"losses": begun})
        first.train(3)  # changes nothing in the file
        random.seed(77)
        second = Bundle(99)
        found = load_checkpoint(tmp_path / "a", **second.parts)
        assert found == (1, stop, {"losses": begun}, ("model", "optimizer", "schedule", "loader"))
        assert begun + second.train(20 - stop) == expected
        assert same(second.state(), whole.state())

    def test_numpy_s_old_generator_goes_on(self, tmp_path):
        old = np.random  # the module's own functions draw from it
        old.seed(4)
        save_checkpoint(tmp_path / "a")
        expected = old.rand()
        load_checkpoint(tmp_path / "a", random_states=False)
        assert old.rand() != expected
        load_checkpoint(tmp_path / "a")
        assert old.rand() == expected

    def test_without_random_states(self, tmp_path):
        save_checkpoint(tmp_path / "a", random_states=False)
        before = nn.default_generator().bit_generator.state
        load_checkpoint(tmp_path / "a")
        assert nn.default_generator().bit_generator.state == before

    def test_parts(self, tmp_path):
        bundle = Bundle(0)
        save_checkpoint(tmp_path / "a", model=bundle.model, ema=bundle.schedule)
        other = Bundle(1)
        found = load_checkpoint(tmp_path / "a", model=other.model)
        assert found.states == ("model", "ema")
        assert same(other.model.state_dict(), bundle.model.state_dict())
        before = other.state()
        with pytest.raises(nn.FileFormatError, match="a state of 'optimizer', got states of model, ema"):
            load_checkpoint(tmp_path / "a", model=other.model, optimizer=other.optimizer)
        assert same(other.state(), before)

    def test_other_programs_can_read_the_arrays(self, tmp_path):
        bundle = Bundle(0)
        bundle.train(2)
        save_checkpoint(tmp_path / "a.safetensors", **bundle.parts)
        arrays = nn.load_safetensors(tmp_path / "a.safetensors")
        np.testing.assert_array_equal(arrays["model.0.weight"], bundle.model[0].weight.detach().numpy())
        assert "optimizer.state.0.exp_avg" in arrays
        assert nn.read_safetensors_metadata(tmp_path / "a.safetensors")["format"] == "autograd-core checkpoint"

    def test_refused(self, tmp_path):
        for arguments in (dict(model=3), dict(random=3), dict(other={})):
            with pytest.raises(TypeError, match="state_dict and load_state_dict"):
                save_checkpoint(tmp_path / "a", **arguments)
        with pytest.raises(TypeError, match=r"save_checkpoint: .*got a function at extra\.f"):
            save_checkpoint(tmp_path / "a", extra={"f": lambda: 0})
        assert not list(tmp_path.iterdir())

    def test_numbers_of_numpy_as_hyper_parameters(self, tmp_path):
        model = nn.Linear(1, 1)
        optimizer = optim.SGD(model.parameters(), lr=np.float32(0.5))
        save_checkpoint(tmp_path / "a", optimizer=optimizer)
        load_checkpoint(tmp_path / "a", optimizer=optimizer)
        assert optimizer.param_groups[0]["lr"] == 0.5


# -- files that are not what they should be --------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A bundle, trained a little, and its checkpoint."""
    bundle = Bundle(3)
    bundle.train(10)
    path = tmp_path_factory.mktemp("saved") / "a.safetensors"
    save_checkpoint(path, **bundle.parts, epoch=2, step=10)
    return bundle, path.read_bytes()


def assert_refused(path, bundle, text=".") -> None:
    before = bundle.state()
    with pytest.raises((nn.FileFormatError, KeyError, ValueError, TypeError), match=text):
        load_checkpoint(path, **bundle.parts)
    assert same(bundle.state(), before)


class TestDamage:
    def test_truncation(self, tmp_path, saved):
        bundle, content = saved
        for length in [*range(0, len(content), 97), len(content) - 1]:
            (tmp_path / "a").write_bytes(content[:length])
            assert_refused(tmp_path / "a", bundle, "truncated|header")

    @settings(max_examples=120, deadline=None)
    @given(data=st.data())
    def test_every_changed_bit_is_noticed(self, tmp_path_factory, saved, data):
        bundle, content = saved
        changed = bytearray(content)
        at = data.draw(st.integers(0, len(content) - 1))
        changed[at] ^= 1 << data.draw(st.integers(0, 7))
        path = tmp_path_factory.mktemp("changed") / "a"
        path.write_bytes(changed)
        before = bundle.state()
        with pytest.raises(nn.FileFormatError):
            load_checkpoint(path, **bundle.parts)
        assert same(bundle.state(), before)

    def test_other_files(self, tmp_path, saved):
        bundle, _ = saved
        nn.save_safetensors(bundle.model.state_dict(), tmp_path / "weights")
        assert_refused(tmp_path / "weights", bundle, "a checksum 'sha256'")
        nn.save_npz(bundle.model.state_dict(), tmp_path / "archive")
        assert_refused(tmp_path / "archive", bundle, "another kind, or corrupted")
        safetensors_format.write(tmp_path / "other", {}, {"format": "theirs"}, checksum="sha256")
        assert_refused(tmp_path / "other", bundle, "a checkpoint of version 1, got .*'theirs'")
        with pytest.raises(FileNotFoundError):
            load_checkpoint(tmp_path / "none", **bundle.parts)


def forged(path, bundle, change) -> None:
    """A checkpoint with a right checksum whose content was changed on purpose."""
    content = {name: part.state_dict() for name, part in bundle.parts.items()}
    content |= {"epoch": 0, "step": 0, "extra": None, "random_states": None}
    save_checkpoint(path.with_name("plain"))
    _, notes = safetensors_format.read(path.with_name("plain"), checksum="sha256")
    plain = decode(notes["content"], safetensors_format.read(path.with_name("plain"))[0])
    content["random_states"] = plain["random_states"]
    change(content)
    text, arrays = encode(content)
    safetensors_format.write(path, arrays, notes | {"content": text}, checksum="sha256")


def put(value, *keys):
    def change(content):
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = value

    return change


def drop(*keys):
    def change(content):
        for key in keys[:-1]:
            content = content[key]
        del content[keys[-1]]

    return change


GROUP = ("optimizer", "param_groups", 0)
HOSTILE = {
    "epoch no number": put("3", "epoch"),
    "no random states": drop("random_states"),
    "model no dict": put(3, "model"),
    "model of text": put("weights", "model", "0.weight"),
    "model of lists": put([1.0], "model", "0.bias"),
    "model lacks": drop("model", "3.bias"),
    "model has more": put(np.ones(1), "model", "more"),
    "model of another shape": put(np.ones((8, 5), "f4"), "model", "0.weight"),
    "model of complex numbers": put(np.ones((8, 4), complex), "model", "0.weight"),
    "optimizer no dict": put([], "optimizer"),
    "optimizer without groups": drop("optimizer", "param_groups"),
    "optimizer without state": drop("optimizer", "state"),
    "more groups": lambda c: c["optimizer"]["param_groups"].append(c["optimizer"]["param_groups"][0]),
    "group lacks": drop(*GROUP, "lr"),
    "lr of text": put("1e-3", *GROUP, "lr"),
    "lr not finite": put(float("nan"), *GROUP, "lr"),
    "lr negative": put(-1.0, *GROUP, "lr"),
    "lr None": put(None, *GROUP, "lr"),
    "betas of other length": put((0.9,), *GROUP, "betas"),
    "betas out of range": put((0.9, 1.5), *GROUP, "betas"),
    "parameters lacking": put([0, 1], *GROUP, "params"),
    "parameters of text": put(["0", "1", "2", "3"], *GROUP, "params"),
    "state of no parameter": put({"step": 3}, "optimizer", "state", 9),
    "state no dict": put(3, "optimizer", "state", 0),
    "step negative": put(-3, "optimizer", "state", 0, "step"),
    "step of text": put("many", "optimizer", "state", 0, "step"),
    "moments of another shape": put(np.ones(3), "optimizer", "state", 0, "exp_avg"),
    "schedule lacks": drop("schedule", "count"),
    "schedule no dict": put(3, "schedule"),
    "loader no dict": put("here", "loader"),
    "loader elsewhere": put({"drawn": 1, "batches": -1, "sampler": None}, "loader", "pass"),
    "generator unknown": put("os.system", "random_states", "nn", "bit_generator"),
    "generator of text": put("state", "random_states", "nn", "state"),
    "python's generator": put((3, (1, 2), None), "random_states", "python"),
    "numpy's generator": put({"bit_generator": "MT19937"}, "random_states", "numpy"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_forged_checkpoint_is_refused_and_changes_nothing(tmp_path, kind):
    bundle = Bundle(5)
    bundle.train(3)
    forged(tmp_path / "good", bundle, lambda content: None)
    load_checkpoint(tmp_path / "good", **bundle.parts)
    forged(tmp_path / "bad", bundle, HOSTILE[kind])
    for parameter in bundle.model.parameters():
        parameter.data[...] += 1
    assert_refused(tmp_path / "bad", bundle)


def test_what_was_loaded_before_a_failure_is_undone(tmp_path):
    """The last of the objects refuses: those before it, changed already, get their states back."""

    class Refuses(Decay):
        def load_state_dict(self, state):
            self.count = -1
            if state["count"] != self.accepts:
                raise RuntimeError("no")
            self.count = state["count"]

        accepts = 0

    first, second = Bundle(0), Bundle(1)
    first.train(3)
    second.schedule = Refuses(second.optimizer)
    save_checkpoint(tmp_path / "a", **first.parts)
    before = second.state()
    with pytest.raises(nn.FileFormatError, match="a state that fits schedule") as caught:
        load_checkpoint(tmp_path / "a", **second.parts)
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert same(second.state(), before)
