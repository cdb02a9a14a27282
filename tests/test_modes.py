"""``no_grad``, ``enable_grad``, ``set_grad_enabled``, ``record_all`` and ``detach``."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import modes


def leaf(value, **options):
    return ag.tensor(value, requires_grad=True, **options)


@pytest.fixture(autouse=True)
def _contexts_are_closed():
    yield
    assert modes.special == 0
    assert ag.is_grad_enabled()


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: x * 2.0,
        lambda x: 2.0 - x,
        lambda x: -x,
        np.exp,
        lambda x: x.sum(),
        lambda x: x.reshape(2, 1),
        lambda x: np.split(x, 2)[0],
        lambda x: x[0],
        lambda x: np.concatenate([x, x]),
        lambda x: x.astype("float32"),
    ],
)
def test_no_grad_records_nothing(operation):
    x = leaf([1.0, 2.0])
    with ag.no_grad():
        y = operation(x)
    assert not y.requires_grad
    assert y.is_leaf
    assert y.parents == ()
    assert y.tolist() == operation(x).tolist()


def test_contexts_nest():
    x = leaf(1.0)
    seen = []
    with ag.no_grad():
        seen.append((x * 1.0).requires_grad)
        with ag.enable_grad():
            seen.append((x * 1.0).requires_grad)
            with ag.no_grad(), ag.no_grad():
                seen.append(ag.is_grad_enabled())
            seen.append((x * 1.0).requires_grad)
            with ag.set_grad_enabled(False):
                seen.append((x * 1.0).requires_grad)
        seen.append((x * 1.0).requires_grad)
    seen.append((x * 1.0).requires_grad)
    assert seen == [False, True, False, True, False, False, True]


def test_contexts_are_left_on_errors():
    with pytest.raises(ZeroDivisionError), ag.no_grad():
        raise ZeroDivisionError
    assert ag.is_grad_enabled()


def test_decorators_without_parentheses():
    x = ag.tensor(1.0, requires_grad=True)

    @ag.no_grad
    def quiet():
        return x * 2, recorded()

    @ag.enable_grad
    def recorded():
        return x * 2

    inner, outer = quiet()
    assert not inner.requires_grad
    assert outer.requires_grad
    assert quiet.__name__ == "quiet"
    assert (x * 2).requires_grad


def test_decorators():
    @ag.no_grad()
    def quiet(x, depth=0):
        """Documented."""
        return quiet(x, depth + 1) if depth < 3 else x * 2.0

    @ag.enable_grad()
    def loud(x):
        return x * 2.0

    x = leaf(1.0)
    assert not quiet(x).requires_grad
    assert (quiet.__name__, quiet.__doc__) == ("quiet", "Documented.")
    assert ag.is_grad_enabled()
    with ag.no_grad():
        assert loud(x).requires_grad
        assert not ag.is_grad_enabled()


def test_one_object_may_be_entered_again():
    quiet = ag.no_grad()
    with quiet:
        with ag.enable_grad(), quiet:
            assert not ag.is_grad_enabled()
        assert not ag.is_grad_enabled()
    assert ag.is_grad_enabled()


def test_set_grad_enabled_as_a_statement_block_and_decorator():
    x = leaf(1.0)
    ag.set_grad_enabled(False)
    try:
        assert not (x * 1.0).requires_grad
        ag.set_grad_enabled(False)
        with ag.set_grad_enabled(True):
            assert (x * 1.0).requires_grad
        assert not ag.is_grad_enabled()
        with ag.enable_grad():
            assert (x * 1.0).requires_grad
        assert not (x * 1.0).requires_grad
    finally:
        ag.set_grad_enabled(True)
    assert modes.special == 0
    for enabled in (True, False):
        with ag.no_grad(), ag.enable_grad():
            ag.set_grad_enabled(enabled)
            assert (x * 1.0).requires_grad == enabled
        assert ag.is_grad_enabled()
        assert modes.special == 0

    @ag.set_grad_enabled(False)
    def quiet(x):
        return x * 2.0

    assert ag.is_grad_enabled()
    assert not quiet(x).requires_grad
    assert not quiet(x).requires_grad
    assert (x * 1.0).requires_grad


def test_backward_works_inside_no_grad():
    x = leaf(3.0)
    y = x * x
    with ag.no_grad():
        y.backward()
        assert x.grad.item() == 6.0
        x.data -= 0.5 * x.grad
    assert x.item() == 0.0


def test_leaves_made_inside_no_grad_require_gradients():
    with ag.no_grad():
        x = leaf(3.0)
    (x * x).backward()
    assert x.grad.item() == 6.0


def test_no_grad_holds_in_its_own_thread_only():
    x = leaf(2.0)
    entered, done = threading.Event(), threading.Event()
    seen = {}

    def other():
        with ag.no_grad():
            entered.set()
            done.wait(10)
            seen["other"] = (x * x).requires_grad

    thread = threading.Thread(target=other)
    thread.start()
    assert entered.wait(10)
    y = x * x
    seen["main"] = y.requires_grad
    y.backward()
    done.set()
    thread.join()
    assert seen == {"other": False, "main": True}
    assert x.grad.item() == 4.0


def test_a_decorated_function_may_run_in_several_threads():
    entered, second_entered, first_done = (threading.Event() for _ in range(3))
    seen = {}

    @ag.no_grad()
    def quiet(announce, wait_for):
        announce.set()
        wait_for.wait(10)

    def first():
        quiet(entered, second_entered)
        seen["first"] = ag.is_grad_enabled()
        first_done.set()

    def second():
        with ag.no_grad():
            entered.wait(10)
            quiet(second_entered, first_done)
            seen["second"] = ag.is_grad_enabled()

    threads = [threading.Thread(target=target) for target in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {"first": True, "second": False}


def test_a_new_thread_records_even_if_started_under_no_grad():
    x = leaf(2.0)
    seen = []
    with ag.no_grad():
        thread = threading.Thread(target=lambda: seen.append((x * x).requires_grad))
        thread.start()
        thread.join()
    assert seen == [True]


def test_detach_shares_the_value_and_cuts_the_graph():
    x = leaf([1.0, 2.0])
    y = x * x
    cut = y.detach()
    assert not cut.requires_grad
    assert cut.is_leaf
    assert np.shares_memory(cut.numpy(), y._data)
    (y * cut).sum().backward()
    assert x.grad.tolist() == [2.0, 16.0]  # 2 x · x²


def test_a_detached_tensor_can_become_a_leaf():
    x = leaf([1.0, 2.0])
    z = (x * x).detach().requires_grad_()
    (z * z).sum().backward()
    assert z.grad.tolist() == [2.0, 8.0]
    assert x.grad is None


def test_record_all_records_constants_too():
    a = ag.tensor([1.0, -2.0])
    with ag.record_all():
        b = a > 0
        c = ag.where(b, a, 0.0)
        d = a.detach()
    assert [t.primitive.name for t in (b, c, d)] == ["greater", "where", "detach"]
    assert not any(t.requires_grad for t in (b, c, d))
    assert (a > 0).is_leaf
    with ag.record_all(), ag.no_grad():
        assert (a * 2.0).is_leaf


def test_constants_are_not_recorded():
    a, b = ag.tensor([1.0, 2.0]), ag.tensor([3.0, 4.0])
    for c in (a * b, -a, a.sum(), np.exp(a), np.concatenate([a, b])):
        assert c.is_leaf
        assert c.parents == ()
