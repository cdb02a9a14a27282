"""Names of PyTorch, JAX and NumPy that this library lacks: the error says what to write, and that works."""

from __future__ import annotations

import copy
import pickle
import re
import subprocess
import sys
import traceback

import numpy as np
import pytest

import autograd_core as ag
import nn
from autograd_core.other_names import ATTRIBUTES, FUNCTIONS
from optim import SGD


def run(text: str) -> None:
    """Run what a hint says to write, for a matrix x that has a Cholesky factor; a remark in brackets may follow."""
    x = ag.tensor([[2.0, 1.0], [1.0, 3.0]])
    w = ag.tensor(1.0, requires_grad=True)
    names = {"ag": ag, "nn": nn, "np": np, "x": x, "y": ag.tensor([[1.0, 2.0], [3.0, 4.0]]), "loss": w * w}
    names |= {"mask": x > 1.0, "index": ag.tensor([[0, 1], [1, 0]])}
    exec(re.sub(r" \(and .*\)$", "", text), names)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_another_name(name):
    assert name not in vars(ag)
    assert not hasattr(ag, name)
    with pytest.raises(AttributeError) as error:
        getattr(ag, name)
    assert str(error.value) == f"autograd_core has no {name!r}. To mend it: write {FUNCTIONS[name]}."
    run(FUNCTIONS[name])


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_an_attribute_of_another_name(name):
    x = ag.tensor([[2.0, 1.0], [1.0, 3.0]], requires_grad=True)
    for holder in (x, x * x, nn.Parameter([1.0]), ag.Tensor):
        assert not hasattr(holder, name)
        assert getattr(holder, name, None) is None
    with pytest.raises(AttributeError) as error:
        getattr(x, name)
    assert str(error.value) == f"Tensor has no {name!r}. To mend it: write {ATTRIBUTES[name]}."
    run(ATTRIBUTES[name])


def test_a_hint_that_is_wrong_would_be_noticed():
    for text in ("ag.cat", "x.add_(y)", "np.no_such_name"):
        with pytest.raises(AttributeError):
            run(text)


def test_what_only_numpy_has_is_named():
    with pytest.raises(AttributeError, match=r"autograd_core has no 'ix_'\. To mend it: write np\.ix_\."):
        _ = ag.ix_
    assert getattr(ag, "errstate", None) is None


@pytest.mark.parametrize(
    ("line", "suggestion"),
    [("ag.concta", "Did you mean: 'concat'?"), ("ag.tensor(1.0).reshpae", "Did you mean: 'reshape'?")],
)
def test_python_still_suggests_what_a_misspelt_name_may_mean(line, suggestion):
    code = f"import autograd_core as ag\n{line}"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.stderr.strip().endswith(suggestion)


def test_an_unknown_name_is_an_ordinary_attribute_error():
    with pytest.raises(AttributeError, match="module 'autograd_core' has no attribute 'no_such_name'") as error:
        _ = ag.no_such_name
    assert (error.value.name, error.value.obj) == ("no_such_name", ag)
    assert "no_such_name" in "".join(traceback.format_exception_only(error.value))
    with pytest.raises(ImportError, match="cat"):
        exec("from autograd_core import cat")


def test_the_names_are_not_listed():
    x = ag.tensor([1.0])
    assert not set(ATTRIBUTES) & set(dir(x))
    assert {"sum", "reshape", "backward", "cpu", "grad"} <= set(dir(x))
    assert not set(FUNCTIONS) & set(dir(ag))
    assert "TYPE_CHECKING" not in dir(ag)


def test_copies_pickles_and_protocols_are_untouched():
    x = ag.tensor([1.0, 2.0], requires_grad=True, name="x")
    for same in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert (same.name, same.tolist(), same.requires_grad) == ("x", [1.0, 2.0], True)
    for protocol in ("__array_struct__", "__array_interface__", "__cuda_array_interface__", "__getstate_", "_no_such"):
        assert getattr(x, protocol, None) is None
        assert getattr(ag, protocol, None) is None
    assert "__getattr__" not in vars(ag.Tensor)


# -- names that PyTorch's tutorials use, which are there --------------------------------------------------


def test_devices_there_is_one():
    x = ag.tensor([1.0], requires_grad=True)
    assert x.cpu() is x
    assert x.detach().cpu().numpy().tolist() == [1.0]
    assert x.to("cpu", non_blocking=True).dtype == np.float64
    assert x.to(device="cpu", dtype=ag.float32).dtype == np.float32
    assert x.to("cpu", "float32").dtype == np.float32
    for call in (lambda: x.to("cuda"), lambda: x.to(device="cuda:0")):
        with pytest.raises(TypeError, match="to: expected a dtype, a Tensor or 'cpu', got 'cuda"):
            call()


def test_the_loop_of_a_first_tutorial():
    w = nn.Parameter([1.0, -2.0])
    optimizer = SGD([w], lr=0.1)
    for _ in range(3):
        loss = (w.unsqueeze(0).view(-1).permute(0) ** 2).norm()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with ag.no_grad():
        w -= 0.1 * w.grad
        w.grad = None
    assert w.grad is None
    assert w.is_leaf
