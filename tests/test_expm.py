"""``ag.linalg.expm``: against SciPy, at special matrices, and its derivatives."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.linalg

import autograd_core as ag
from tests.differences import check_gradients
from tests.samples.linalg import matrices, regular


@pytest.mark.parametrize("scale", [0.0, 1e-8, 0.3, 3.0, 40.0])
@pytest.mark.parametrize("unit", [0, 1j])
def test_expm(scale, unit):
    a = scale * matrices(4, 4, unit=unit)
    expected = scipy.linalg.expm(a)
    np.testing.assert_allclose(ag.linalg.expm(a), expected, rtol=1e-10, atol=1e-12 * np.abs(expected).max())
    direction = matrices(4, 4, seed=1, unit=unit)
    weights = matrices(4, 4, seed=2, unit=unit)
    derivative = scipy.linalg.expm_frechet(a, direction, compute_expm=False)
    t = ag.Tensor(a, requires_grad=True)
    (g,) = ag.gradients(ag.linalg.expm(t), t, weights)
    np.testing.assert_allclose(
        np.sum(np.conj(g.numpy()) * direction).real, np.sum(np.conj(weights) * derivative).real, rtol=1e-9
    )


def test_expm_of_special_matrices():
    nilpotent = np.triu(np.ones((3, 3)), 1)
    np.testing.assert_allclose(ag.linalg.expm(nilpotent), np.eye(3) + nilpotent + nilpotent @ nilpotent / 2)
    angle = 20.0
    turn = ag.linalg.expm(np.array([[0.0, -angle], [angle, 0.0]]))
    np.testing.assert_allclose(turn, [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    assert ag.linalg.expm(np.array([[2]])) == pytest.approx(math.exp(2))
    assert np.isnan(ag.linalg.expm(np.full((2, 2), np.nan))).all()
    single = ag.linalg.expm(regular(3, 3).astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, scipy.linalg.expm(regular(3, 3)), rtol=1e-5)
    # Each matrix of a stack is scaled by itself: one of norm 600 does not spoil, or overflow, the others.
    stack = np.stack([np.diag([-600.0, 0.1]), np.diag([0.2, 0.3])])
    np.testing.assert_allclose(ag.linalg.expm(stack).diagonal(0, 1, 2), np.exp([[-600, 0.1], [0.2, 0.3]]))
    assert ag.linalg.expm(np.zeros((0, 0))).shape == (0, 0)
    with pytest.raises(np.linalg.LinAlgError, match="expm: expected square matrices, got shape"):
        ag.linalg.expm(matrices(4, 3))


def test_expm_has_derivatives_of_any_order():
    x = ag.tensor(0.7, requires_grad=True)
    y = ag.linalg.expm(x * np.eye(1))[0, 0]
    for _ in range(4):
        (y,) = ag.gradients(y, x, create_graph=True)
        assert y.item() == pytest.approx(math.exp(0.7), rel=1e-12)
    check_gradients(ag.linalg.expm, matrices(2, 2, 2))
