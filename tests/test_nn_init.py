"""``nn.init``: the distributions, the exact schemes, generators and bad arguments."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

import autograd_core as ag
import nn
from nn import init
from nn.truncated_normal import truncated_normal


def rng(seed=0):
    return np.random.default_rng(seed)


def weight(*shape, dtype="float32"):
    return nn.Parameter(np.full(shape, 7.0, dtype))


DRAWN = {
    "uniform_": lambda w, g: init.uniform_(w, -2, 3, generator=g),
    "normal_": lambda w, g: init.normal_(w, 1.0, 2.0, generator=g),
    "trunc_normal_": lambda w, g: init.trunc_normal_(w, generator=g),
    "xavier_uniform_": lambda w, g: init.xavier_uniform_(w, 2.0, generator=g),
    "xavier_normal_": lambda w, g: init.xavier_normal_(w, generator=g),
    "kaiming_uniform_": lambda w, g: init.kaiming_uniform_(w, generator=g),
    "kaiming_normal_": lambda w, g: init.kaiming_normal_(w, generator=g),
    "orthogonal_": lambda w, g: init.orthogonal_(w, generator=g),
    "sparse_": lambda w, g: init.sparse_(w, 0.3, generator=g),
}


@pytest.mark.parametrize("name", DRAWN)
def test_drawing(name):
    w = weight(20, 10)
    assert DRAWN[name](w, rng()) is w
    assert w.dtype == np.float32
    assert w.is_leaf
    again = DRAWN[name](weight(20, 10), rng())
    np.testing.assert_array_equal(w.detach(), again.detach())
    nn.manual_seed(0)
    np.testing.assert_array_equal(DRAWN[name](weight(20, 10), None).detach(), w.detach())
    assert (DRAWN[name](weight(20, 10), None).detach().numpy() != w.detach().numpy()).any()


@pytest.mark.parametrize("name", DRAWN)
def test_what_is_refused(name):
    with pytest.raises(TypeError, match=f"{name}: expected a Tensor or Parameter to fill, got ndarray"):
        DRAWN[name](np.ones((2, 2)), None)
    with pytest.raises(TypeError, match=f"{name}: expected a Tensor of floating-point numbers, got dtype int64"):
        DRAWN[name](ag.tensor([[1, 2]]), None)
    with pytest.raises(TypeError, match=r"numpy.random.Generator, got 3.*default_rng"):
        DRAWN[name](weight(2, 2), 3)


@pytest.mark.parametrize(
    ("fill", "distribution"),
    [
        (lambda w, g: init.uniform_(w, -2, 3, g), stats.uniform(-2, 5)),
        (lambda w, g: init.normal_(w, 1.0, 2.0, g), stats.norm(1, 2)),
        (lambda w, g: init.xavier_uniform_(w, 2.0, g), stats.uniform(-0.4, 0.8)),
        (lambda w, g: init.xavier_normal_(w, 2.0, g), stats.norm(0, 2 * math.sqrt(2 / 150))),
        (lambda w, g: init.kaiming_uniform_(w, generator=g), stats.uniform(-math.sqrt(0.06), 2 * math.sqrt(0.06))),
        (lambda w, g: init.kaiming_normal_(w, 0.5, "fan_out", generator=g), stats.norm(0, math.sqrt(1.6 / 50))),
        (lambda w, g: init.kaiming_normal_(w, nonlinearity="tanh", generator=g), stats.norm(0, 5 / 3 / 10)),
        (lambda w, g: init.trunc_normal_(w, 1.0, 2.0, 0.0, 4.0, g), stats.truncnorm(-0.5, 1.5, 1, 2)),
    ],
)
def test_distributions(fill, distribution):
    w = weight(50, 100, dtype="float64")
    fill(w, rng(4))
    assert stats.kstest(w.detach().numpy().ravel(), distribution.cdf).pvalue > 1e-3


@pytest.mark.parametrize(
    ("low", "high"),
    [(-2, 2), (-0.1, 0.1), (0, 9), (3, 50), (3, 3.1), (0.5, 20), (-50, -4), (-1, 0.2), (8, math.inf), (-9, 0)],
)
def test_the_truncated_normal_distribution(low, high):
    draws = truncated_normal(rng(1), low, high, 20_000)
    assert draws.shape == (20_000,)
    assert low <= draws.min() <= draws.max() <= high
    assert stats.kstest(draws, stats.truncnorm(low, high).cdf).pvalue > 1e-3


def test_truncated_values_stay_inside_in_float32():
    w = init.trunc_normal_(weight(10_000), 0.0, 1.0, -1e-3, 1e-3, rng())
    assert np.abs(w.detach().numpy()).max() <= np.float32(1e-3)


def test_constants():
    assert init.constant_(weight(2), 3.5).tolist() == [3.5, 3.5]
    assert init.ones_(weight(2)).tolist() == [1.0, 1.0]
    assert init.zeros_(ag.tensor([5, 6])).tolist() == [0, 0]
    with pytest.raises(TypeError, match="constant_: expected a Tensor"):
        init.zeros_([1.0])


def test_eye():
    np.testing.assert_array_equal(init.eye_(weight(2, 3)).detach(), np.eye(2, 3))
    with pytest.raises(ValueError, match="eye_: expected a Tensor of 2 axes"):
        init.eye_(weight(2))


@pytest.mark.parametrize("kernel", [(3,), (3, 4), (1, 2, 3)])
def test_dirac_returns_its_input(kernel):
    values = init.dirac_(weight(4, 3, *kernel)).detach().numpy()
    middle = tuple(length // 2 for length in kernel)
    assert values.sum() == 3
    assert all(values[(i, i, *middle)] == 1 for i in range(3))
    grouped = init.dirac_(weight(6, 2, *kernel), groups=2).detach().numpy()
    assert [tuple(place[:2]) for place in np.argwhere(grouped)] == [(0, 0), (1, 1), (3, 0), (4, 1)]


def test_dirac_refuses():
    with pytest.raises(ValueError, match="3 or 4 or 5 axes"):
        init.dirac_(weight(2, 2))
    for groups in (0, 4, 2.0):
        with pytest.raises(ValueError, match=f"groups to divide the 6 output channels, got {groups}"):
            init.dirac_(weight(6, 2, 3), groups)


@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (5, 3), (4, 2, 3), (2, 3, 2, 2)])
def test_orthogonal(shape):
    w = init.orthogonal_(weight(*shape, dtype="float64"), gain=2.0, generator=rng()).detach().numpy()
    matrix = w.reshape(shape[0], -1) / 2
    product = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-12)


def test_orthogonal_is_uniform_over_rotations_and_reflections():
    signs = [np.linalg.det(init.orthogonal_(weight(2, 2), generator=rng(i)).detach()) > 0 for i in range(60)]
    assert 15 < sum(signs) < 45
    with pytest.raises(ValueError, match="at least two axes"):
        init.orthogonal_(weight(3))


def test_sparse():
    w = init.sparse_(weight(10, 4), 0.25, std=2.0, generator=rng()).detach().numpy()
    assert ((w == 0).sum(axis=0) == 3).all()
    assert 1 < w[w != 0].std() < 3
    assert len({tuple(column == 0) for column in w.T}) > 1
    assert (init.sparse_(weight(3, 2), 1.0).detach() == 0).all()
    for share in (-0.1, 1.1):
        with pytest.raises(ValueError, match="sparsity from 0 to 1"):
            init.sparse_(weight(3, 2), share)
    with pytest.raises(ValueError, match="a Tensor of 2 axes"):
        init.sparse_(weight(3), 0.5)


@pytest.mark.parametrize(
    ("name", "gain"),
    [
        ("linear", 1.0),
        ("conv1d", 1.0),
        ("conv_transpose3d", 1.0),
        ("sigmoid", 1.0),
        ("tanh", 5 / 3),
        ("relu", math.sqrt(2)),
        ("leaky_relu", math.sqrt(2 / 1.0001)),
        ("selu", 0.75),
    ],
)
def test_gains(name, gain):
    assert init.calculate_gain(name) == pytest.approx(gain)


def test_gain_with_a_slope():
    assert init.calculate_gain("leaky_relu", 0.2) == pytest.approx(math.sqrt(2 / 1.04))
    assert init.calculate_gain("leaky_relu", 1) == 1.0
    for slope in (True, "0.2"):
        with pytest.raises(TypeError, match="a number as slope"):
            init.calculate_gain("leaky_relu", slope)
    with pytest.raises(ValueError, match=r"one of linear.*leaky_relu, got 'gelu'"):
        init.calculate_gain("gelu")


def test_fans():
    assert init.fans(weight(8, 3, 5, 5)) == (75, 200)
    with pytest.raises(ValueError, match="at least two axes"):
        init.fans(weight(3))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: init.uniform_(weight(2), 1, 0), "a not above b, got a=1, b=0"),
        (lambda: init.normal_(weight(2), 0, -1), "std of at least 0"),
        (lambda: init.trunc_normal_(weight(2), a=2, b=2), "a below b"),
        (lambda: init.trunc_normal_(weight(2), std=0), "std above 0"),
        (lambda: init.kaiming_uniform_(weight(2, 2), mode="fan"), "mode 'fan_in' or 'fan_out'"),
        (lambda: init.kaiming_normal_(weight(2, 2), nonlinearity="gelu"), "expected one of"),
        (lambda: init.xavier_normal_(weight(2)), "at least two axes"),
    ],
)
def test_bad_arguments(call, text):
    with pytest.raises(ValueError, match=text):
        call()


def test_tensors_without_elements():
    for fill in (init.kaiming_uniform_, init.kaiming_normal_, init.xavier_uniform_, init.orthogonal_, init.eye_):
        assert fill(weight(0, 3)).shape == (0, 3)
        assert fill(weight(3, 0)).shape == (3, 0)


def test_a_pending_backward_pass_notices():
    w = weight(2, 2)
    out = (w * w).sum()
    init.zeros_(w)
    with pytest.raises(ag.StaleValueError, match="init"):
        out.backward()
