"""The first NaN or Inf, and values that were changed behind the library's back."""

from __future__ import annotations

import re
import threading

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import modes


def leaf(value, **options):
    return ag.tensor(value, requires_grad=True, **options)


def message(computation, **options):
    with pytest.raises(ag.AnomalyError) as caught, ag.detect_anomaly(**options):
        computation()
    assert modes.special == 0
    assert modes.state.anomaly is None
    return str(caught.value)


# -- forward -----------------------------------------------------------------------------------------


def test_the_first_bad_output_is_reported_with_line_inputs_and_cause():
    x = leaf([[1.0, 0.0], [2.0, 4.0]], name="rates")

    def entropy(x):
        return -(x * np.log(x)).sum()  # 0 log 0

    text = message(lambda: entropy(x))
    assert text.startswith("log: its output (shape (2, 2), float64, from 0 to 1.38629, 1 Inf) holds the first Inf.")
    lines = text.splitlines()
    first = entropy.__code__.co_firstlineno
    assert f"test_anomaly.py:{first + 1} (return -(x * np.log(x)).sum()  # 0 log 0) in entropy, called from" in lines[1]
    assert re.search(r"called from \S*test_anomaly.py:\d+ \(.*entropy\(x\)\)\) in <lambda>", lines[1])
    assert lines[2] == "  input 1 'rates': shape (2, 2), float64, from 0 to 4"
    assert lines[3].startswith("  Typical cause: log(0) is -inf and the log of a negative number NaN; keep")


@pytest.mark.parametrize(
    ("computation", "operation", "kind", "hint"),
    [
        (lambda x: np.sqrt(x - 3.0), "sqrt", "NaN", "the root of a negative number is NaN"),
        (lambda x: (x - 1.0) / (x - 1.0), "divide", "NaN", "0/0 is NaN and x/0 infinite"),
        (lambda x: 1.0 / (x - 1.0), "divide", "Inf", "0/0 is NaN and x/0 infinite"),
        (lambda x: np.exp(x * 1000.0), "exp", "Inf", "exp(x) overflows for x > 709"),
        (lambda x: (x - 3.0) ** 0.5, "power", "NaN", "a negative base to a broken power is NaN"),
        (lambda x: np.arccos(x), "arccos", "NaN", "it is defined from -1 to 1 only"),
        (lambda x: x * np.float64(1e308) * 1e10, "multiply", "Inf", "large numbers overflow"),
        (lambda x: x.astype("float16") * 60000.0, "multiply", "Inf", "float16 above 65504"),
    ],
)
def test_typical_causes(computation, operation, kind, hint):
    text = message(lambda: computation(leaf([1.0, 2.0])))
    assert text.startswith(f"{operation}: its output")
    assert f"holds the first {kind}" in text
    assert hint in text


def test_constants_are_looked_at_too():
    assert message(lambda: np.log(ag.tensor(0.0))).startswith("log: its output (shape (), float64, 1 Inf)")


def test_operations_under_no_grad_are_looked_at_too():
    def computation():
        with ag.no_grad():
            np.log(leaf(0.0))

    assert message(computation).startswith("log:")


def test_bad_data_are_told_from_bad_operations():
    x = leaf([1.0, np.nan, 3.0])
    text = message(lambda: x * 2.0)
    assert "input 1: shape (3,), float64, from 1 to 3, 1 NaN" in text
    assert "input 1 holds it already, so it came in with the data" in text


def test_outputs_of_operations_with_several():
    text = message(lambda: np.linalg.slogdet(leaf(np.zeros((2, 2)))))
    assert re.match(r"slogdet: output 2 \(shape \(\), float64, 1 Inf\) holds the first Inf", text)


def test_complex_values():
    text = message(lambda: leaf([1.0 + 1.0j, 0.0j]) ** -1.0)
    assert "complex128, absolute values from" in text


def test_infinities_may_be_allowed():
    x = leaf([1.0, 2.0])
    with ag.detect_anomaly(check_inf=False):
        masked = ag.where(np.array([True, False]), x, -np.inf)
        weights = np.exp(masked - masked.max())
        (weights / weights.sum()).max().backward()
    assert x.grad.tolist() == [0.0, 0.0]
    assert "holds the first NaN" in message(lambda: masked - masked, check_inf=False)


def test_integers_and_booleans_are_no_anomaly():
    with ag.detect_anomaly():
        counts = ag.tensor([1, 2]) * 3
        assert (counts > 2).tolist() == [True, True]


# -- backward --------------------------------------------------------------------------------------------


def test_the_backward_pass_names_both_lines_input_and_cause():
    x = leaf([0.0, 4.0], name="x")

    def computation():
        y = np.sqrt(x) * 3.0  # recorded here
        y.sum().backward()  # differentiated here

    text = message(computation)
    first = computation.__code__.co_firstlineno
    lines = text.splitlines()
    assert lines[0].startswith(
        "backward of sqrt: the contribution to input 1 holds the first Inf (shape (2,), float64,"
    )
    assert lines[0].endswith(" from 0.75 to 0.75, 1 Inf).")
    assert f"test_anomaly.py:{first + 1} (y = np.sqrt(x) * 3.0  # recorded here)." in lines[1]
    assert f"test_anomaly.py:{first + 2} (y.sum().backward()  # differentiated here)" in lines[2]
    assert lines[3] == "  input 1 'x': shape (2,), float64, from 0 to 4"
    assert lines[4] == "  gradient that arrives: shape (2,), float64, from 3 to 3"
    assert "its derivative 1/(2 sqrt(x)) is infinite at 0" in lines[5]
    assert x.grad is None


def test_a_branch_of_where_that_was_not_taken():
    root = ag.Primitive("root", np.sqrt, lambda g, out, x: g / (2 * out))  # 0/0, unlike the library's own
    x = leaf([0.0, 4.0])
    text = message(lambda: ag.where(x > 0, root(x), 0.0).sum().backward())
    assert "backward of root" in text
    assert "as in a branch of `where` that was not taken" in text
    with ag.detect_anomaly():  # the remedy that the message gives
        ok = x > 0
        ag.where(ok, root(ag.where(ok, x, 1.0)), 0.0).sum().backward()
    assert x.grad.tolist() == [0.0, 0.25]


def test_which_input_is_bad():
    x, y = leaf(1e60), leaf(1e-120)
    text = message(lambda: (x / y).backward(1e100))
    assert text.startswith("backward of divide: the contribution to input 2 holds the first Inf")
    assert "its derivatives 1/y and -x/y² are infinite at y = 0" in text


def test_a_bad_seed_or_hook_is_told_from_a_bad_rule():
    x = leaf([1.0, 2.0])
    y = x * 2.0
    text = message(lambda: y.backward([1.0, np.nan]))
    assert "the gradient that arrives is bad already" in text
    y.register_hook(lambda g: g * np.inf)
    assert "and at hooks" in message(lambda: y.backward([1.0, 1.0]))


def test_recorded_passes_are_watched_too():
    x = leaf([0.0, 4.0])
    text = message(lambda: ag.gradients(np.sqrt(x).sum(), x, create_graph=True))
    assert text.startswith("backward of sqrt: the contribution to input 1 holds the first Inf")


@pytest.mark.parametrize("create_graph", [False, True])
def test_what_the_backward_pass_makes_good_is_no_anomaly(create_graph):
    x = leaf([0.0, 4.0])
    with ag.detect_anomaly():
        y = ag.where(x > 0, np.sqrt(x), 0.0).sum()
        (dx,) = ag.gradients(y, x, create_graph=create_graph)
    assert dx.tolist() == [0.0, 0.25]


def test_joint_rules_are_watched_too():
    a = leaf(np.eye(2))
    text = message(lambda: (np.linalg.eigh(a)[1] * np.array([[1.0, 2.0], [3.0, 4.0]])).sum().backward())
    assert text.startswith("backward of eigh: the contribution to input 1 holds the first ")


# -- changed behind the back -----------------------------------------------------------------------------------


def test_arrays_of_the_user_are_watched():
    w, data = leaf([1.0, 2.0]), np.array([3.0, 4.0])
    with ag.detect_anomaly():
        y = (w * data).sum()  # saved here
        data[0] = 100.0
        with pytest.raises(ag.StaleValueError) as caught:
            y.backward()
    text = str(caught.value)
    assert text.startswith("backward of multiply: a value that it saved was changed before the backward pass. input 2")
    assert "(y = (w * data).sum()  # saved here)" in text
    assert "To mend it: copy the array (ag.tensor copies, ag.Tensor and ag.asarray share)" in text
    assert w.grad is None


@pytest.mark.parametrize("share", [ag.Tensor, ag.asarray, lambda array: ag.asarray(array[::2])])
def test_shared_arrays_are_watched(share):
    array = np.arange(1.0, 5.0)
    x, w = share(array), leaf(2.0)
    with ag.detect_anomaly():
        y = (w * x).sum()
        array += 1.0
        with pytest.raises(ag.StaleValueError):
            y.backward()
        (w * x).sum().backward()
    assert w.grad.item() == x.data.sum()


def test_outputs_are_watched():
    x = leaf([1.0, 2.0])
    with ag.detect_anomaly():
        y = np.exp(x)
        y.detach().numpy()[0] = 0.0
        with pytest.raises(ag.StaleValueError, match="the output of exp"):
            y.sum().backward()


def test_unchanged_values_pass_and_replays_are_no_change():
    x = leaf([1.0, 2.0])
    with ag.detect_anomaly():
        graph = ag.Graph((x * x).sum())
        graph.result.backward()
        graph.forward([3.0, 4.0])
        assert graph.backward()[x].tolist() == [6.0, 8.0]


# -- the context ------------------------------------------------------------------------------------------------


def test_nothing_is_looked_at_outside():
    x = leaf([0.0, 1.0])
    with ag.detect_anomaly():
        pass
    with np.errstate(all="ignore"):
        np.log(x).sum().backward()
    assert x.grad.tolist() == [np.inf, 1.0]
    assert modes.state.anomaly is None


def test_numpy_stays_silent_inside_and_speaks_outside():
    with np.errstate(all="raise"):
        with ag.detect_anomaly(check_inf=False):
            assert np.log(leaf(0.0)).item() == -np.inf
        with pytest.raises(FloatingPointError, match="divide by zero"):
            np.log(leaf(0.0))


def test_it_nests_decorates_and_stays_in_its_thread():
    watch = ag.detect_anomaly()

    @watch
    def computation(depth):
        return computation(depth - 1) if depth else np.log(leaf(0.0))

    with pytest.raises(ag.AnomalyError), watch:
        computation(3)
    assert modes.state.anomaly is None
    seen = []

    def other():
        with np.errstate(all="ignore"):
            seen.append(np.log(leaf(0.0)).item())

    with ag.detect_anomaly():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert seen == [-np.inf]


def test_clean_programs_pass():
    rng = np.random.default_rng(0)
    w, b = leaf(rng.standard_normal((3, 4))), leaf(np.zeros(4))
    with ag.detect_anomaly():
        for _ in range(3):
            w.grad = b.grad = None
            hidden = np.tanh(rng.standard_normal((5, 3)) @ w + b)
            first, second = np.split(hidden, 2, axis=1)
            (first * second).mean().backward()
            w.data -= 0.1 * w.grad
            b.data -= 0.1 * b.grad
    assert np.isfinite(w.data).all()
