"""Hooks on nodes: they see the complete gradient, once, and may replace it."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import autograd_core as ag


def leaf(value, **options):
    return ag.tensor(value, requires_grad=True, **options)


def test_a_hook_runs_once_with_the_complete_sum():
    seen = []
    x = leaf(2.0)
    h = x * 3.0
    h.register_hook(lambda g: seen.append(g.item()))
    y = h * h + h * 5.0 + h
    y.backward()
    assert seen == [2 * 6.0 + 5.0 + 1.0]
    assert x.grad.item() == 3 * seen[0]


def test_hooks_on_leaves_and_on_the_result():
    seen = []
    x = leaf(2.0)
    y = x * x
    x.register_hook(lambda g: seen.append(("x", g.item())))
    y.register_hook(lambda g: seen.append(("y", g.item())))
    y.backward(3.0)
    assert seen == [("y", 3.0), ("x", 12.0)]


def test_a_hook_may_replace_the_gradient():
    x = leaf([1.0, 2.0])
    h = x * 2.0
    h.register_hook(lambda g: g * 10)
    h.register_hook(lambda g: np.array([1.0, 0.0]) * g)
    h.register_hook(lambda g: None)
    x.register_hook(lambda g: g + 0.5)
    h.sum().backward()
    assert x.grad.tolist() == [20.5, 0.5]


def test_an_array_or_a_number_may_replace_it():
    x = leaf([1.0, 2.0])
    handle = x.register_hook(lambda g: [7.0, 8.0])
    (x * x).sum().backward()
    assert x.grad.tolist() == [7.0, 8.0]
    handle.remove()
    s = leaf(np.float32(1.0))
    s.register_hook(lambda g: 3)
    (s * 2).backward()
    assert s.grad.item() == 3.0
    assert s.grad.dtype == np.float32


def test_the_kept_gradient_is_the_replaced_one():
    x = leaf(2.0)
    h = x * 3.0
    h.register_hook(lambda g: g * 0)
    table = (h * h).backward(keep="all")
    assert (table[h].item(), h.grad.item(), x.grad.item()) == (0.0, 0.0, 0.0)
    assert ag.gradients(h * h, h)[0].item() == 0.0


def test_removing_a_hook():
    seen = []
    x = leaf(2.0)
    first = x.register_hook(lambda g: seen.append("first"))
    second = x.register_hook(lambda g: seen.append("second"))
    first.remove()
    first.remove()
    (x * x).backward()
    assert seen == ["second"]
    second.remove()
    (x * x).backward()
    assert seen == ["second"]


def test_a_hook_may_remove_itself():
    seen = []
    x = leaf(2.0)
    handles = []

    def once(g):
        seen.append(g.item())
        handles[0].remove()

    handles.append(x.register_hook(once))
    x.register_hook(lambda g: seen.append("other"))
    (x * x).backward()
    (x * x).backward()
    assert seen == [4.0, "other", "other"]


def test_the_handle_does_not_keep_the_tensor_alive():
    gc.collect()
    gc.disable()
    try:
        x = leaf([1.0, 2.0])
        y = x * 2.0
        handle = y.register_hook(lambda g: None)
        del x, y
        assert gc.collect() == 0
        handle.remove()
    finally:
        gc.enable()


def test_a_hook_may_hold_its_own_handle():
    def episode():
        x = leaf(2.0)
        handles = []
        handles.append(x.register_hook(lambda g: handles[0].remove()))

    episode()
    gc.collect()
    gc.disable()
    try:
        episode()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_hooks_see_a_recorded_pass():
    x = leaf(2.0)
    h = x * x
    handle = h.register_hook(lambda g: g * g)
    (dx,) = ag.gradients(h * h, x, create_graph=True)  # (2h)² 2x = 8 x⁵
    assert dx.item() == 8 * 2.0**5
    handle.remove()
    assert ag.gradients(dx, x)[0].item() == 40 * 2.0**4


def test_hooks_see_complex_gradients_as_users_do():
    seen = []
    z = leaf(1.0 + 2.0j)
    w = z * (3.0 + 1.0j)
    w.register_hook(lambda g: seen.append(g.item()))
    (w * w.conj()).real.backward()
    assert seen == [pytest.approx(2 * w.item())]
    z.grad = None
    w.register_hook(lambda g: 1j)
    (w * w.conj()).real.backward()
    assert z.grad.item() == pytest.approx(1j * np.conj(3.0 + 1.0j))


def test_what_a_hook_sees_cannot_be_written_into():
    x = leaf([1.0, 2.0])
    y = leaf([3.0, 4.0])

    def meddle(g):
        g.data[0] = 100.0

    x.register_hook(meddle)
    with pytest.raises(ValueError, match="read-only"):
        (x + y).sum().backward()


def test_a_hook_may_keep_the_gradient():
    kept = []
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    z = x + y
    z.register_hook(kept.append)
    (z * z).sum().backward()
    x.grad.data[:] = 0.0
    y.grad.data[:] = 0.0
    assert kept[0].tolist() == [8.0, 12.0]


def test_errors():
    with pytest.raises(ag.GradientError, match=r"expected a Tensor that requires a gradient, got a constant"):
        ag.tensor(1.0).register_hook(print)
    x = leaf([1.0, 2.0])
    x.register_hook(lambda g: np.zeros(3))
    with pytest.raises(ag.GradientError, match=r"hook: expected a gradient of shape \(2,\), got shape \(3,\)"):
        (x * x).sum().backward()


def test_what_a_hook_returned_is_not_the_gradient_itself():
    mine = ag.tensor([5.0, 6.0])
    x = leaf([1.0, 2.0])
    x.register_hook(lambda g: mine)
    (x * x).sum().backward()
    x.grad.data[0] = 0.0
    assert mine.tolist() == [5.0, 6.0]
