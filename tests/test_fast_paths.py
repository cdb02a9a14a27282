"""The fast paths compute exactly what the plain ones do."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import threading
import time

import numpy as np
import pytest

import autograd_core as ag
import nn
from autograd_core import blas, blocks, memory, modes, recording, unrolled
from autograd_core.graph import backward_pass, topological_order
from autograd_core.unrolled import backward_pass_unrolled


def random_program(seed: int) -> tuple[list[ag.Tensor], ag.Tensor]:
    """Leaves and a scalar made from them by randomly chosen operations, with shared nodes and constants."""
    rng = np.random.default_rng(seed)
    shapes = [(3, 4), (4,), (3, 1), ()]
    leaves = [
        ag.tensor(rng.standard_normal(shapes[i % 4]).astype(rng.choice(["f4", "f8"])), requires_grad=bool(i % 5))
        for i in range(6)
    ]
    values = list(leaves)
    for _ in range(30):
        a, b = (values[i] for i in rng.integers(0, len(values), 2))
        kind = rng.integers(0, 7)
        if kind == 0:
            new = a + b
        elif kind == 1:
            new = a * b
        elif kind == 2:
            new = (a - b) / (2.0 + b * b)
        elif kind == 3:
            new = a.tanh()
        elif kind == 4:
            new = 0.5 * a + rng.standard_normal(4)
        elif kind == 5:
            new = a.sum(axis=0, keepdims=True) if a.ndim else 1.0 - a
        else:
            new = (a * 0.1) ** 2
        values.append(new * 0.5)
    total = values[-1].sum()
    for value in values[-8:-1]:
        total = total + value.sum()
    return leaves, total


def both_passes(result: ag.Tensor) -> tuple[dict, dict]:
    nodes = topological_order([result])
    keep = frozenset(nodes[::3])
    plain, unrolled = ({result: np.ones_like(result._data)} for _ in range(2))
    backward_pass(nodes, plain, keep=keep)
    backward_pass_unrolled(nodes, unrolled, keep)
    return plain, unrolled


@pytest.mark.parametrize("seed", range(40))
def test_the_unrolled_backward_pass_equals_the_plain_one_bit_for_bit(seed):
    _, result = random_program(seed)
    plain, unrolled = both_passes(result)
    assert plain.keys() == unrolled.keys()
    assert len(plain) > 3
    for node, gradient in plain.items():
        assert gradient.dtype == unrolled[node].dtype == node.dtype
        assert gradient.shape == node.shape
        np.testing.assert_array_equal(gradient, unrolled[node])


def test_the_unrolled_pass_runs_hooks_on_complete_sums():
    x = ag.tensor(2.0, requires_grad=True)
    y = x * 3.0
    seen = []
    for node in (x, y):
        node.register_hook(lambda g: seen.append(g.item()))
    y.register_hook(lambda g: g * 2)
    result = y * y + y
    plain, unrolled = both_passes(result)
    assert seen == [13.0, 78.0] * 2
    assert plain[x] == unrolled[x] == 78.0


def test_multiple_outputs_and_joint_rules_in_the_unrolled_pass():
    x = ag.tensor(np.arange(6.0), requires_grad=True)
    first, _, third = ag.split(x, 3)
    result = (ag.concat([first, third, first]) ** 2).sum()
    plain, unrolled = both_passes(result)
    np.testing.assert_array_equal(plain[x], unrolled[x])
    assert plain[x].tolist() == [0.0, 4.0, 0.0, 0.0, 8.0, 10.0]


SIZE = blocks.LARGE + 3 * blocks.BLOCK // 4 + 5


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_blocks_equal_the_whole(workers, monkeypatch):
    monkeypatch.setattr(blocks, "_workers", lambda: workers)
    rng = np.random.default_rng(0)
    g, out = rng.standard_normal((2, SIZE)).astype(np.float32)
    rule = lambda g, out, c: g * (1 - out * out) * c
    result, new = blocks.in_blocks(rule, (g, out, 2.0))
    assert new
    np.testing.assert_array_equal(result, rule(g, out, 2.0))
    assert result.dtype == np.float32


def test_blocks_keep_shape_and_leave_other_layouts_alone():
    rng = np.random.default_rng(0)
    square = rng.standard_normal((600, 500))
    rule = lambda g, x: g * np.tanh(x)
    for a, b in [(square, square), (square.T, square.T), (square, square.T.copy().T), (square[:, ::2], square[:, ::2])]:
        np.testing.assert_array_equal(blocks.in_blocks(rule, (a, b))[0], rule(a, b))
    np.testing.assert_array_equal(blocks.in_blocks(rule, (square, square[0]))[0], rule(square, square[0]))
    assert blocks.in_blocks(rule, (np.float64(2.0), np.float64(3.0)))[0] == rule(2.0, 3.0)


def test_blocks_keep_an_order_of_axes_that_all_arrays_share():
    rng = np.random.default_rng(0)
    x, y, total = (a.transpose(3, 1, 0, 2) for a in rng.standard_normal((3, 16, 8, 64, 64)))
    rule = lambda x, y, c: x * np.tanh(y) + c
    result, new = blocks.in_blocks(rule, (x, y, 2.0))
    assert new
    assert result.strides == x.strides
    np.testing.assert_array_equal(result, rule(x, y, 2.0))
    expected = total + rule(x, y, 2.0)
    assert blocks.add_in_blocks([rule], (x, y, 2.0), total)
    np.testing.assert_array_equal(total, expected)
    assert not blocks.add_in_blocks([rule], (x, y, 2.0), total.copy("C"))
    assert not blocks.in_blocks(rule, (x[::2], y[::2], 2.0))[1]  # gaps
    assert blocks.in_blocks(lambda x: x, (x,))[0] is x


def test_repeated_numbers_of_a_larger_shape_are_not_cut_into_blocks():
    row = ag.tensor(np.linspace(0, 1, SIZE), requires_grad=True)
    twos = np.broadcast_to(2.0, (3, SIZE))
    for product in (row * twos, twos * row):
        assert product.shape == (3, SIZE)
    (row * twos).sum().backward()
    assert (row.grad.numpy() == 6.0).all()
    column = ag.broadcast_to(ag.tensor(2.0), (3, SIZE))
    assert (column + column).shape == (3, SIZE)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_large_arrays_work_in_a_forked_process(monkeypatch):
    monkeypatch.setattr(blocks, "_workers", lambda: 2)
    x = np.linspace(0, 1, SIZE)
    expected = blocks.in_blocks(np.exp, (x,))[0]  # starts the threads, which a forked process lacks
    child = multiprocessing.get_context("fork").Process(target=_exit_if_exp_is, args=(x, expected))
    child.start()
    child.join(60)
    alive = child.is_alive()
    child.kill()
    assert not alive
    assert child.exitcode == 7


def _exit_after_use():
    with ag.no_grad(), nn.explicit():
        memory.empty((8,), np.dtype(np.float64))
    os._exit(0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("module", [blas, memory, modes, importlib.import_module("nn.explicit")])
def test_a_process_forked_while_another_thread_holds_a_lock(module):
    held = threading.Event()

    def hold():
        with module._lock:
            held.set()
            time.sleep(0.2)

    other = threading.Thread(target=hold)
    other.start()
    held.wait()
    child = multiprocessing.get_context("fork").Process(target=_exit_after_use)
    child.start()
    other.join()
    child.join(timeout=20)
    code = child.exitcode
    child.kill()
    assert code == 0


def _exit_if_exp_is(x, expected):
    os._exit(7 if (blocks.in_blocks(np.exp, (x,))[0] == expected).all() else 1)


@pytest.mark.parametrize("workers", [1, 2, 3, 4])
def test_every_entry_is_computed_once(workers, monkeypatch):
    monkeypatch.setattr(blocks, "_workers", lambda: workers)
    seen = np.zeros(SIZE, int)

    def count(x, positions):
        seen[positions] += 1
        return x + 1

    blocks.in_blocks(count, (np.zeros(SIZE), np.arange(SIZE)))
    assert (seen == 1).all()


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_every_task_is_worked_off_once(workers, monkeypatch):
    monkeypatch.setattr(blocks, "_workers", lambda: workers)
    seen = np.zeros(200, int)
    x = np.zeros(20_000)

    def work(task):
        seen[task] += 1
        np.exp(x)
        with np.testing.assert_raises(FloatingPointError):  # the error settings hold on every thread
            np.divide(x, x)

    with np.errstate(all="raise"):
        blocks.work_off(range(200), work)
        blocks.work_off([], work)
    assert (seen == 1).all()

    def fail(task):
        raise KeyError(task)

    with pytest.raises(KeyError):
        blocks.work_off(range(4), fail)


@pytest.mark.parametrize("seed", range(30))
def test_large_arrays_through_the_unrolled_pass_bit_for_bit(seed, monkeypatch):
    for module, name, value in ((recording, "LARGE", 50), (unrolled, "LARGE", 50), (blocks, "BLOCK", 160)):
        monkeypatch.setattr(module, name, value)
    rng = np.random.default_rng(seed)
    kinds = rng.choice(["f4", "f8"], 3, p=[0.8, 0.2])
    values = [ag.tensor(rng.standard_normal((9, 7)).astype(kind), requires_grad=True) for kind in kinds]
    one = (np.tanh, np.sin, np.exp, np.abs, np.negative, ag.special.expit, ag.relu)
    two = (np.add, np.multiply, np.subtract, np.maximum, np.hypot)
    for _ in range(12):
        a, b = (values[i] for i in rng.integers(max(0, len(values) - 5), len(values), 2))
        choice = rng.integers(0, 5)
        if choice == 4:
            new = np.flip(a) if rng.integers(0, 2) else a @ rng.standard_normal((7, 7)).astype(a.dtype)
        elif choice == 0:
            new = one[rng.integers(0, 7)](one[rng.integers(0, 7)](0.3 * a))
        elif choice == 1:
            new = a * a
        else:
            new = two[rng.integers(0, 5)](one[rng.integers(0, 7)](a), b)
        values.append(new if choice in (0, 4) else 0.3 * new)  # operations of one input may be used again
    plain, fast = both_passes(sum(value.sum() if seed % 2 else (value * value).mean() for value in values[-4:]))
    assert plain.keys() == fast.keys()
    for node, gradient in plain.items():
        assert gradient.dtype == fast[node].dtype == node.dtype
        np.testing.assert_array_equal(gradient, fast[node])


def test_gradients_that_wait_for_their_use_meet_hooks_and_lists_of_what_is_kept():
    x = ag.tensor(np.linspace(-1.0, 1.0, SIZE), requires_grad=True)
    middle = np.tanh(x)
    handle = middle.register_hook(lambda g: 2.0 * g)
    (middle * x).sum().backward()
    expected = np.tanh(x.data) + 2.0 * x.data * (1.0 - np.tanh(x.data) ** 2)
    np.testing.assert_allclose(x.grad.data, expected)
    handle.remove()
    table = (np.tanh(x) * np.sin(x)).sum().backward(keep="all")
    assert len(table) == 5
    (kept,) = ag.gradients((middle * x).sum(), middle)
    np.testing.assert_array_equal(kept.data, x.data)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_adding_in_blocks_equals_adding_the_whole(workers, monkeypatch):
    monkeypatch.setattr(blocks, "_workers", lambda: workers)
    rng = np.random.default_rng(0)
    g, x, total = rng.standard_normal((3, SIZE))
    expected = total + g * np.tanh(x) + g * x
    assert blocks.add_in_blocks([lambda g, x: g * np.tanh(x), lambda g, x: g * x], (g, x), total)
    np.testing.assert_array_equal(total, expected)


def test_what_cannot_be_added_in_blocks_is_left_unchanged():
    total = np.ones(SIZE)
    x = np.ones(SIZE)
    for function, arrays in [
        (lambda x: x.astype("f4"), (x,)),
        (lambda x: x, (x[: SIZE // 2],)),
        (lambda x: x, (np.ones((2, SIZE))[:, ::2],)),
        (lambda x: 1.0, (2.0,)),
    ]:
        assert not blocks.add_in_blocks([function], arrays, total)
    assert (total == 1).all()


def test_zero_times_infinity_in_blocks():
    x = ag.tensor(np.linspace(-1, 1, SIZE), requires_grad=True)
    with np.errstate(divide="ignore"):
        logarithm = np.log(ag.relu(x))
    (np.where(x > 0, np.sqrt(np.abs(x)), 0.0) + np.where(x > 0, logarithm, 0.0) + x * 3).sum().backward()
    positive = x.data > 0
    assert np.isfinite(x.grad.data).all()
    np.testing.assert_array_equal(x.grad.data[~positive], 3.0)
    expected = 0.5 / np.sqrt(x.data[positive]) + 1 / x.data[positive] + 3
    np.testing.assert_allclose(x.grad.data[positive], expected)


def test_an_error_in_a_block_reaches_the_caller():
    def refuse(x):
        if len(x) != blocks.BLOCK // 8:
            raise RuntimeError("short block")
        return x

    with pytest.raises(RuntimeError, match="short block"):
        blocks.in_blocks(refuse, (np.zeros(SIZE),))


def test_large_arrays_give_the_gradient_of_small_ones():
    x = np.linspace(-3, 3, SIZE)
    large = ag.tensor(x, requires_grad=True)
    (ag.tanh(large) * ag.special.expit(large) + large * large).sum().backward()
    small = ag.tensor(x[:100], requires_grad=True)
    (ag.tanh(small) * ag.special.expit(small) + small * small).sum().backward()
    np.testing.assert_allclose(large.grad.numpy()[:100], small.grad.numpy(), rtol=1e-14)
