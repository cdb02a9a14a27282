"""``F.pad`` and the padding layers."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional as F

ROW = [[1.0, 2.0, 3.0, 4.0]]


def pad(row, widths, mode="constant", **options):
    return F.pad(ag.tensor(row), widths, mode, **options).tolist()


@pytest.mark.parametrize(
    ("mode", "widths", "expected"),
    [
        ("constant", (1, 2), [[0, 1, 2, 3, 4, 0, 0]]),
        ("constant", (-1, 2), [[2, 3, 4, 0, 0]]),
        ("constant", (-2, -2), [[]]),
        ("reflect", (3, 2), [[4, 3, 2, 1, 2, 3, 4, 3, 2]]),
        ("reflect", (-1, 2), [[2, 3, 4, 3, 2]]),
        ("reflect", (3, -3), [[4, 3, 2, 1]]),  # what is cut off at one end is still mirrored at the other
        ("reflect", (-3, 3), [[4, 3, 2, 1]]),
        ("replicate", (3, 1), [[1, 1, 1, 1, 2, 3, 4, 4]]),
        ("replicate", (-3, 9), [[4] * 10]),
        ("replicate", (2, -3), [[1, 1, 1]]),
        ("circular", (4, 1), [[1, 2, 3, 4, 1, 2, 3, 4, 1]]),
        ("circular", (-1, 2), [[2, 3, 4, 2, 3]]),  # what is cut off does not come back at the other end
        ("circular", (2, -1), [[2, 3, 1, 2, 3]]),
    ],
)
def test_one_axis(mode, widths, expected):
    assert pad(ROW, widths, mode) == expected


def test_the_last_axis_comes_first():
    x = np.arange(24.0).reshape(1, 2, 3, 4)
    assert F.pad(x, (1, 0)).shape == (1, 2, 3, 5)
    assert F.pad(x, (1, 0, 2, 3)).shape == (1, 2, 8, 5)
    assert F.pad(x, (1, 0, 2, 3, 0, 4)).shape == (1, 6, 8, 5)
    assert F.pad(x, (0, 0, 0, 0, 0, 0, 5, 0)).shape == (6, 2, 3, 4)
    assert F.pad(x, ()).shape == x.shape
    np.testing.assert_array_equal(F.pad(x, (1, 0, 2, 3), value=7.0)[0, 1, 2:5, 1:], x[0, 1])
    assert F.pad(x, (1, 0), value=7.0)[0, 0, 0, 0] == 7.0
    np.testing.assert_array_equal(F.pad(x, (1, 0, 0, 1), "reflect")[..., -1, 1:], x[..., -2, :])


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("widths", [(2, 1), (-1, 2, 1, 1), (1, -1, -1, 2), (1, 0, 0, 1, -1, 2)])
def test_gradients(mode, widths):
    """Padding is linear up to a constant, so the gradient is the transpose of what it does to unit arrays."""
    axes = len(widths) // 2
    x = ag.tensor(np.random.default_rng(0).standard_normal((1, *(4, 3, 5)[:axes])), requires_grad=True)
    y = F.pad(x, widths, mode)
    g = np.cos(np.arange(y.size)).reshape(y.shape)
    y.backward(g)
    expected = [(F.pad(e.reshape(x.shape), widths, mode) * g).sum() for e in np.eye(x.size)]
    np.testing.assert_allclose(x.grad.numpy().ravel(), expected, atol=1e-12)


def test_results_are_new():
    x = ag.tensor(ROW)
    y = F.pad(x, (0, 0))
    y += 1.0
    assert x.tolist() == ROW
    assert F.pad(np.float32(ROW), (1, 1), "circular").dtype == np.float32
    assert F.pad(np.array([1, 2]), (1, 0), value=3).tolist() == [3, 1, 2]


@pytest.mark.parametrize(
    ("shape", "widths", "options", "error", "text"),
    [
        (
            (1, 4),
            (1, 1),
            {"mode": "edge"},
            ValueError,
            "a mode among constant, reflect, replicate, circular, got 'edge'",
        ),
        ((1, 4), (1, 1), {"mode": "reflect", "value": 2.0}, ValueError, "no value in mode 'reflect', got value=2.0"),
        ((1, 4), (1,), {}, ValueError, "at most two widths for every axis"),
        ((4,), (1, 1, 1, 1), {}, ValueError, r"4 widths for shape \(4,\)"),
        ((4,), (1, 1), {"mode": "reflect"}, ValueError, "two widths for every spatial axis"),
        ((1, 1, 4, 4), (1, 1), {"mode": "circular"}, ValueError, "two widths for every spatial axis"),
        ((1, 4), (1.0, 1), {}, TypeError, "pad to be integers"),
        ((1, 4), "11", {}, TypeError, "pad to be integers"),
        ((1, 4), (-3, -2), {}, ValueError, "something to be left of every axis"),
        ((1, 4), (-4, 0), {"mode": "replicate"}, ValueError, "something to be left"),
        ((1, 4), (4, 0), {"mode": "reflect"}, ValueError, "at most 3 entries before and after an axis of 4"),
        ((1, 4), (5, 0), {"mode": "circular"}, ValueError, "at most 4 entries"),
        ((1, 4), (-3, 2), {"mode": "circular"}, ValueError, "at most 1 entries"),
        ((1, 0), (2, 0), {"mode": "replicate"}, ValueError, "at most 0 entries"),
    ],
)
def test_errors(shape, widths, options, error, text):
    with pytest.raises(error, match=f"pad: expected .*{text}"):
        F.pad(np.zeros(shape), widths, **options)


MODES = {
    "ConstantPad": "constant",
    "ZeroPad": "constant",
    "ReflectionPad": "reflect",
    "ReplicationPad": "replicate",
    "CircularPad": "circular",
}


class TestLayers:
    @pytest.mark.parametrize("kind", MODES)
    @pytest.mark.parametrize("axes", [1, 2, 3])
    def test_agree_with_the_function(self, kind, axes):
        x = np.random.default_rng(1).standard_normal((2, 3, 4, 5, 6)[: axes + 2])
        extra = (2.5,) if kind == "ConstantPad" else ()
        for padding in (2, (1, 2, 0, 1, -1, 1)[: 2 * axes]):
            layer = getattr(nn, f"{kind}{axes}d")(padding, *extra)
            widths = (padding,) * (2 * axes) if isinstance(padding, int) else padding
            assert layer.padding == widths
            y = F.pad(x, widths, MODES[kind], *extra)
            assert np.array_equal(layer(x).numpy(), y)
            assert np.array_equal(layer(x[0]).numpy(), y[0])
            assert not list(layer.state_dict())

    def test_text(self):
        assert repr(nn.ZeroPad1d(2)) == "ZeroPad1d((2, 2))"
        assert repr(nn.ReflectionPad2d([1, 2, 3, 4])) == "ReflectionPad2d((1, 2, 3, 4))"
        assert repr(nn.ConstantPad1d(1, 2.5)) == "ConstantPad1d(padding=(1, 1), value=2.5)"

    @pytest.mark.parametrize("axes", [1, 2, 3])
    @pytest.mark.parametrize(("padding", "error"), [((1, 2, 3), ValueError), (1.5, TypeError), ((1.0,) * 6, TypeError)])
    def test_errors_at_construction(self, axes, padding, error):
        with pytest.raises(
            error, match=f"ReplicationPad{axes}d: expected padding to be an integer or {2 * axes} of them"
        ):
            getattr(nn, f"ReplicationPad{axes}d")(padding)

    def test_errors_of_inputs(self):
        with pytest.raises(ValueError, match="two widths for every spatial axis"):
            nn.ReflectionPad2d(1)(np.zeros((1, 1, 1, 4, 4)))
