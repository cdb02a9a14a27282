"""What ``docs/conventions.md`` says holds, and each row of its first table."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import numpy as np
import pytest

import autograd_core as ag
import nn
from autograd_core import memory

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "conventions.md"
NAMES = {"inf": float("inf"), "nan": float("nan")}


def rows() -> list[tuple[str, str, str]]:
    """Function, inputs and gradients of every row of the first table, without the backticks."""
    text = DOCUMENT.read_text(encoding="utf-8")
    table = text.split("| function | at | gradient | PyTorch |\n", 1)[1].split("\n\n", 1)[0]
    cells = [re.findall(r"\| `([^`]+)` (?=\|)", line) for line in table.splitlines()[1:]]
    return [(row[0], row[1], row[2]) for row in cells]


ROWS = rows()


def inputs_of(text: str) -> dict[str, ag.Tensor]:
    """The Tensors that ``x = 1.0, y = [2.0, nan]`` says."""
    call = ast.parse(f"dict({text.replace(' = ', '=')})", mode="eval")
    values = eval(compile(call, "inputs", "eval"), dict(NAMES))
    return {name: ag.tensor(value, requires_grad=True) for name, value in values.items()}


def gradients_of(function: str, inputs: dict[str, ag.Tensor]) -> list[np.ndarray]:
    with np.errstate(all="ignore"):  # the forward pass divides by zero and takes logarithms of it, like NumPy
        result = eval(function, {"ag": ag, **NAMES, **inputs})
    table = result.sum().backward()
    return [np.array(table[x].tolist()) for x in inputs.values()]


def test_the_table_is_found_and_long():
    assert len(ROWS) > 55
    text = DOCUMENT.read_text(encoding="utf-8")
    assert len(ROWS) == sum(line.startswith("| `") for line in text.split("Rules behind the rows")[0].splitlines())


@pytest.mark.parametrize(("function", "at", "expected"), ROWS, ids=[f"{f} at {at}" for f, at, _ in ROWS])
def test_row(function, at, expected):
    inputs = inputs_of(at)
    found = gradients_of(function, inputs)
    values = eval(f"[{expected}]", dict(NAMES))
    for name, gradient, value in zip(inputs, found, values, strict=True):
        np.testing.assert_array_equal(gradient, value, err_msg=f"gradient of {name}")


def test_a_wrong_row_would_be_noticed():
    inputs = inputs_of("x = [1.0, -1.0], y = 2.0")
    assert list(inputs) == ["x", "y"]
    found = gradients_of("ag.abs(x) * y", inputs)
    assert [g.tolist() for g in found] == [[2, -2], 2]


@pytest.mark.parametrize("create_graph", [False, True])
def test_an_unused_branch_contributes_zero_to_first_and_second_order(create_graph):
    for function in (
        lambda x: ag.where(x > 0, ag.sqrt(x), 0.0),
        lambda x: ag.where(x > 0, ag.log(x) * x, x * x),
        lambda x: ag.where(x > 0, x**-1.5, 0.0),
        lambda x: ag.where(x > 0, ag.exp(1 / x**2), x),
        lambda x: ag.where(ag.abs(x) < 1, ag.arcsin(x), 0.0),
        lambda x: ag.where(ag.abs(x) < 1, ag.arctanh(x), 0.0),
        lambda x: ag.where(x > 0, ag.log(ag.sqrt(x)), 0.0),
    ):
        x = ag.tensor([-3.0, -1.0, 0.0, 0.5, 1.0, 2.0], requires_grad=True)
        with np.errstate(all="ignore"):
            y = function(x)
            (first,) = ag.gradients(y.sum(), x, create_graph=create_graph)
            assert np.isfinite(first.tolist()).all()
            if create_graph:
                (second,) = ag.gradients(first.sum(), x)
                assert np.isfinite(second.tolist()).all()


def test_missing_data_masked_by_where_leaves_the_gradient_of_the_rest():
    target = np.array([1.0, np.nan, 3.0])
    w = ag.tensor(2.0, requires_grad=True)
    x = np.array([1.0, 2.0, 3.0])
    loss = ag.where(np.isfinite(target), (w * x - target) ** 2, 0.0).sum()
    loss.backward()
    assert w.grad.item() == 2 * (2 - 1) * 1 + 2 * (6 - 3) * 3


def test_the_backward_pass_gives_no_warning_for_an_infinite_derivative():
    x = ag.tensor([0.0, 4.0], requires_grad=True)
    ag.sqrt(x).sum().backward()  # warnings are errors here
    assert x.grad.tolist() == [np.inf, 0.25]


def test_large_arrays_are_treated_alike():
    """They go through some rules block by block, on several threads."""
    values = np.linspace(-1.0, 1.0, 300_001)
    for function in (lambda x: ag.sqrt(ag.relu(x)), lambda x: ag.where(x > 0, ag.sqrt(x), 0.0)):
        x = ag.Tensor(values, requires_grad=True)
        with np.errstate(invalid="ignore"):
            y = function(x)
        (recorded,) = ag.gradients(y.sum(), x, create_graph=True)
        y.sum().backward()
        expected = np.where(values > 0, 0.5 / np.sqrt(np.maximum(values, 1e-300)), 0)
        np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-14)
        np.testing.assert_allclose(recorded.detach().numpy(), expected, rtol=1e-14)


def test_a_genuine_nan_is_not_hidden():
    x = ag.tensor([0.0, 1.0], requires_grad=True)
    with np.errstate(all="ignore"):
        (x / x).sum().backward()
    assert np.isnan(x.grad.tolist()[0])
    assert x.grad.tolist()[1] == 0


def test_complex_gradients_point_uphill():
    for function, derivative in (
        (lambda z: ag.abs(z) ** 2, lambda z: 2 * z),
        (lambda z: ag.real(z * z), lambda z: 2 * np.conj(z)),
        (lambda z: ag.imag(ag.exp(z)), lambda z: np.conj(-1j * np.exp(z))),
    ):
        z = ag.tensor([0.3 - 0.4j, 1.0 + 2.0j], requires_grad=True)
        function(z).sum().backward()
        np.testing.assert_allclose(z.grad.numpy(), derivative(z.detach().numpy()), rtol=1e-14)


# -- what the other sections say ----------------------------------------------------------------------------

T = [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("t.size", 4),
        ("t.size()", (2, 2)),
        ("t.size(0)", 2),
        ("t.T", [[1, 3], [2, 4]]),
        ("t.mT", [[1, 3], [2, 4]]),
        ("t.sum(dim=1, keepdim=True)", [[3], [7]]),
        ("t.sum(1, True)", [[3], [7]]),
        ("t.mean(1, True)", [[1.5], [3.5]]),
        ("t.max(0)", [3, 4]),
        ("[row.tolist() for row in ag.max(t.reshape(1, 2, 2), axis=0)]", [[1, 2], [3, 4]]),
        ("(-t).sort()", [[-2, -1], [-4, -3]]),
        ("(-t).partition(1)", [[-2, -1], [-4, -3]]),
        ("t.repeat(2)", [1, 1, 2, 2, 3, 3, 4, 4]),
        ("ag.tile(t, 2)", [[1, 2, 1, 2], [3, 4, 3, 4]]),
        ("t.var()", 1.25),
        ("t.var(ddof=1) * 3", 5),
        ("t.nonzero()[1]", [0, 1, 0, 1]),
        ("(t / 2).round()", [[0, 1], [2, 2]]),
        ("t.view(4)", [1, 2, 3, 4]),
        ("t.flatten().split(1)[3]", [4]),
        ("ag.split(t.flatten(), 2)[1]", [3, 4]),
        ("ag.index_add(t, (0, [1, 1]), t[1])", [[1, 9], [3, 4]]),
        ("ag.index_add(t, 1, [1, 1], t)", [[1, 5], [3, 11]]),
        ("t.index_add(1, [1, 1], t)", [[1, 5], [3, 11]]),
    ],
)
def test_names_that_mean_two_things(written, means):
    t = ag.tensor(T)
    found = eval(written, {"ag": ag, "t": t})
    assert np.array_equal(found.tolist() if isinstance(found, ag.Tensor) else found, means)
    assert t.tolist() == T


def rows_for_newcomers() -> list[tuple[str, str]]:
    """What stands in the columns "here" and "result"; words may follow the code in a cell."""
    section = DOCUMENT.read_text(encoding="utf-8").split("## Coming from PyTorch", 1)[1].split("\n## ", 1)[0]
    lines = [line.split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return [(re.match("`([^`]+)`", here)[1], result.strip("` |")) for _, here, result in lines]


@pytest.mark.parametrize(("here", "result"), rows_for_newcomers())
def test_row_for_newcomers(here, result):
    names = {"ag": ag, "nn": nn, "np": np, "t": ag.tensor(T), "w": ag.tensor([1.0, 2.0], requires_grad=True)}
    names["loss"] = (names["w"] * names["w"]).sum()
    found, expected = (eval(code, names) for code in (here, result))
    for one, other in zip(found, expected, strict=True) if isinstance(found, tuple) else [(found, expected)]:
        one, other = (x.tolist() if hasattr(x, "tolist") else x for x in (one, other))
        assert one == other


def test_the_table_for_newcomers_is_found():
    assert len(rows_for_newcomers()) > 20


def test_floats_written_into_integers_are_truncated_but_gradients_are_not_lost():
    t = ag.tensor([1, 2])
    t[0] = 2.7
    assert t.tolist() == t.at[0].set(-2.7).at[0].set(2.9).tolist() == [2, 2]
    for write in (lambda v: t.at[0].set(v), lambda v: t.__setitem__(0, v)):
        with pytest.raises(ag.NoGradientError, match="expected a value that fits into dtype int"):
            write(ag.tensor(2.7, requires_grad=True))


@pytest.mark.parametrize(
    "function",
    [lambda x: ag.interp(x, x, x), ag.vander, lambda x: ag.quantile(x, 0.5), lambda x: ag.quantile(x, np.ones(1))],
)
def test_single_precision_stays(function):
    x = ag.tensor([1.0, 2.0], dtype=np.float32, requires_grad=True)
    y = function(x)
    y.sum().backward()
    assert y.dtype == x.grad.dtype == np.float32


def test_tied_vectors_have_a_gradient_through_the_space_that_they_span():
    x = ag.tensor(np.diag([1.0, 1.0, 3.0]), requires_grad=True)
    v = ag.linalg.eigh(x).eigenvectors[:, :2]
    (v @ v.mT)[0, 2].backward()
    np.testing.assert_allclose(x.grad.data, [[0, 0, -0.25], [0, 0, 0], [-0.25, 0, 0]], atol=1e-15)
    w, v = ag.linalg.eigh(x)
    (g,) = ag.gradients(((v * ag.exp(w)) @ v.mT)[0, 1], x)
    assert np.isnan(g.data).any()
    z = ag.tensor([[2.0, 1j], [-1j, 2.0]], requires_grad=True)
    with pytest.raises(ag.GradientError, match="eigh"):
        ag.imag(ag.linalg.eigh(z).eigenvectors[0, 0] * (1 + 1j)).backward()


def test_as_much_memory_is_kept_as_the_page_says():
    assert f"At most {memory.KEEP >> 20} MiB" in DOCUMENT.read_text(encoding="utf-8")
