"""Dropout: what is dropped and kept, scales, gradients, random numbers, replays and checkpoints."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional as F

CHANNELWISE = {"dropout1d": (50, 40, 3), "dropout2d": (50, 40, 3, 2), "dropout3d": (50, 40, 2, 2, 2)}


@pytest.fixture(autouse=True)
def _seeded():
    nn.manual_seed(7)


class TestDropout:
    @pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
    @pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
    def test_entries_are_zero_or_scaled_in_the_right_shares(self, p, dtype):
        x = np.ones(40_000, dtype)
        y = F.dropout(ag.tensor(x), p)
        assert y.dtype == dtype
        assert set(y.numpy().tolist()) == {0.0, dtype(1 / (1 - p))}
        assert np.mean(y.numpy() == 0) == pytest.approx(p, abs=0.02)

    def test_the_gradient_has_the_same_mask(self):
        x = ag.tensor(np.random.default_rng(0).standard_normal((30, 20)), requires_grad=True)
        y = F.dropout(x, 0.3)
        y.backward(np.full(y.shape, 3.0))
        np.testing.assert_allclose(x.grad.numpy(), np.where(y.detach().numpy() == 0, 0.0, 3.0 / 0.7))

    def test_second_derivatives(self):
        x = ag.tensor(np.arange(1.0, 9.0), requires_grad=True)
        y = F.dropout(x, 0.5)
        (first,) = ag.gradients((y * y * y).sum(), x, create_graph=True)
        (second,) = ag.gradients(first.sum(), x)
        kept = y.detach().numpy() != 0
        np.testing.assert_allclose(second.numpy(), np.where(kept, 8 * 6 * np.arange(1.0, 9.0), 0.0))

    def test_extreme_probabilities(self):
        x = ag.tensor([1.0, np.inf, np.nan], requires_grad=True)
        assert F.dropout(x, 0.0) is x
        y = F.dropout(x, 1.0)
        assert y.tolist() == [0.0, 0.0, 0.0]
        y.sum().backward()
        assert x.grad.tolist() == [0.0, 0.0, 0.0]

    def test_what_is_dropped_is_zero_even_where_it_was_not_finite(self):
        x = np.tile([np.nan, np.inf, -np.inf, 1.0], 100)
        y = F.dropout(ag.tensor(x), 0.5).numpy()
        assert (y == 0).sum() > 100
        assert np.isnan(y).sum() > 10
        x = ag.tensor(np.ones(100), requires_grad=True)
        F.dropout(x, 0.5).backward(np.full(100, np.inf))
        assert set(x.grad.tolist()) == {0.0, np.inf}

    def test_probabilities_near_the_ends(self):
        x = ag.ones(1000)
        assert (F.dropout(x, 1e-12) == 1 / (1 - 1e-12)).all()
        assert (F.dropout(x, 1 - 1e-12) == 0).all()

    def test_nothing_happens_in_evaluation(self):
        x = ag.ones(5)
        assert F.dropout(x, 0.5, training=False) is x
        layer = nn.Dropout(0.5)
        assert layer.eval()(x) is x
        assert not (layer.train()(ag.ones(100)) == 1).any()

    def test_shapes(self):
        for shape in ((), (0,), (3, 0), (1,), (3, 5, 7)):
            assert F.dropout(ag.ones(shape), 0.5).shape == shape

    def test_plain_arrays(self):
        assert type(F.dropout(np.ones(4, np.float32), 0.5)) is np.ndarray
        assert nn.Dropout(0.5)([1.0, 2.0]).shape == (2,)

    def test_the_input_is_not_overwritten(self):
        x = np.ones(100)
        F.dropout(ag.Tensor(x), 0.5, inplace=True)
        assert (x == 1).all()

    def test_large_arrays(self):
        x = ag.tensor(np.ones((600, 1000), np.float32), requires_grad=True)
        y = F.dropout(x, 0.25)
        y.sum().backward()
        assert (x.grad.numpy() == y.detach().numpy()).all()
        assert y.mean().item() == pytest.approx(1.0, abs=0.01)


class TestRandomNumbers:
    def test_a_seed_repeats_masks_and_calls_differ(self):
        x = ag.ones((10, 10))
        nn.manual_seed(3)
        first, second = F.dropout(x), F.dropout(x)
        nn.manual_seed(3)
        assert (F.dropout(x) == first).all()
        assert not (second == first).all()

    def test_entries_are_independent(self):
        y = F.dropout(ag.ones((2000, 40))).numpy() > 0
        correlations = np.corrcoef(y.T) - np.eye(40)
        assert np.abs(correlations).max() < 0.12

    @pytest.mark.parametrize("drop", [F.dropout, lambda x: F.alpha_dropout(x, 0.5, True)])
    def test_a_checkpoint_draws_the_same_mask_again(self, drop):
        x = ag.tensor(np.linspace(1.0, 2.0, 50), requires_grad=True)
        y = ag.checkpoint(lambda x: drop(x * x))(x)
        F.dropout(ag.ones(3))  # other random numbers in between
        y.sum().backward()
        value = y.detach().numpy()
        slope = (x.grad.numpy() != 0).astype(int)
        assert slope.any()
        assert not slope.all()
        np.testing.assert_array_equal(slope == 0, np.isclose(value, value.min()))

    def test_a_replay_keeps_the_mask_unless_constants_are_recorded(self):
        x = ag.tensor(np.ones(64), requires_grad=True)
        y = F.dropout(x)
        graph = ag.Graph(y)
        before = y.numpy() if not y.requires_grad else y.detach().numpy()
        assert (graph.forward(np.full(64, 3.0)).detach() == 3 * before).all()
        traced = ag.Graph.trace(lambda x: F.dropout(x), np.ones(64))
        assert [node.primitive.name for node in traced.operations] == ["dropout_mask", "dropout"]
        first = traced.forward(np.ones(64)).numpy().copy()
        assert not (traced.forward(np.ones(64)).numpy() == first).all()

    def test_alpha_dropout_is_replayed_with_one_mask(self):
        traced = ag.Graph.trace(lambda x: F.alpha_dropout(x, 0.5, True), np.zeros(64))
        values = {round(value, 6) for value in traced.forward(np.zeros(64)).tolist()}
        assert len(values) == 2


class TestChannels:
    @pytest.mark.parametrize("name", CHANNELWISE)
    def test_whole_channels_are_dropped(self, name):
        y = getattr(F, name)(ag.ones(CHANNELWISE[name]), 0.3).numpy().reshape(2000, -1)
        assert (y == y[:, :1]).all()
        assert np.mean(y[:, 0] == 0) == pytest.approx(0.3, abs=0.05)

    def test_without_a_batch(self):
        assert (np.ptp(F.dropout1d(ag.ones((50, 4)), 0.5).numpy(), axis=1) == 0).all()
        assert (np.ptp(F.dropout3d(ag.ones((50, 2, 2, 2)), 0.5).numpy().reshape(50, -1), axis=1) == 0).all()
        # An image without a batch is taken for a batch of signals, as in PyTorch.
        y = F.dropout2d(ag.ones((20, 30, 4)), 0.5).numpy()
        assert (np.ptp(y, axis=2) == 0).all()
        assert not (np.ptp(y, axis=1) == 0).any()

    def test_gradients(self):
        x = ag.tensor(np.ones((4, 5, 3, 3)), requires_grad=True)
        y = F.dropout2d(x, 0.5)
        y.sum().backward()
        assert (x.grad == y.detach()).all()

    @pytest.mark.parametrize(("name", "shape"), [("dropout1d", (3,)), ("dropout2d", (3, 4)), ("dropout3d", (2, 3, 4))])
    def test_errors(self, name, shape):
        with pytest.raises(ValueError, match=f"{name}: expected an input of . or . axes"):
            getattr(F, name)(ag.ones(shape))


class TestAlpha:
    def test_mean_and_variance_stay(self):
        x = np.random.default_rng(1).standard_normal(100_000)
        y = F.alpha_dropout(ag.tensor(x), 0.3, training=True).numpy()
        assert y.mean() == pytest.approx(0.0, abs=0.02)
        assert y.std() == pytest.approx(1.0, abs=0.02)

    def test_values_by_the_formula(self):
        p, lowest = 0.2, -1.7580993408473766
        a = ((1 - p) * (1 + p * lowest**2)) ** -0.5
        b = -a * p * lowest
        y = F.alpha_dropout(ag.full(1000, 2.0), p, training=True).numpy()
        np.testing.assert_allclose(np.unique(y), [a * lowest + b, 2 * a + b])

    def test_defaults_and_ends(self):
        x = ag.ones(4)
        assert F.alpha_dropout(x) is x
        assert F.alpha_dropout(x, 0.0, True) is x
        assert F.alpha_dropout(x, 1.0, True).tolist() == [0.0] * 4
        assert F.alpha_dropout(ag.tensor(np.ones(4, np.float32)), 0.5, True).dtype == np.float32

    def test_the_gradient_is_scaled_where_kept(self):
        x = ag.tensor(np.linspace(1.0, 2.0, 100), requires_grad=True)
        y = F.alpha_dropout(x, 0.5, True)
        y.sum().backward()
        dropped = np.isclose(y.detach().numpy(), y.detach().numpy().min())
        assert set(np.round(x.grad.numpy(), 9)) == {0.0, round((0.5 * (1 + 0.5 * 1.7580993408473766**2)) ** -0.5, 9)}
        np.testing.assert_array_equal(x.grad.numpy() == 0, dropped)

    def test_channels(self):
        y = F.feature_alpha_dropout(ag.ones((30, 20, 5)), 0.5, True).numpy()
        assert (np.ptp(y, axis=2) == 0).all()
        assert (nn.FeatureAlphaDropout(0.5).eval()(y) == y).all()
        with pytest.raises(ValueError, match="shape"):
            F.feature_alpha_dropout(ag.ones(3))


@pytest.mark.parametrize(
    "name", ["Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"]
)
def test_modules(name):
    layer = getattr(nn, name)(0.25, inplace=True)
    assert str(layer) == f"{name}(p=0.25, inplace=True)"
    shape = (2, 3, 4, 4, 4) if name == "Dropout3d" else (2, 3, 4)
    x = ag.ones(shape)
    assert layer(x).shape == shape
    assert not (layer(x) == 1).all()
    assert layer.eval()(x) is x
    for p in (-0.1, 1.5):
        with pytest.raises(ValueError, match=f"{name}: expected p between 0 and 1, got {p}"):
            getattr(nn, name)(p)


def test_a_wrong_probability_in_a_function():
    with pytest.raises(ValueError, match="dropout: expected p between 0 and 1"):
        F.dropout(ag.ones(2), 2.0)


def test_a_probability_that_is_no_number():
    for p in ("0.5", None, (0.5,)):
        with pytest.raises(TypeError, match="Dropout: expected p to be a number, got"):
            nn.Dropout(p)
        with pytest.raises(TypeError, match="dropout: expected p to be a number, got"):
            F.dropout(ag.ones(2), p)


@pytest.mark.parametrize("name", ["Dropout", "AlphaDropout"])
def test_integers(name):
    with pytest.raises(TypeError, match="dropout: expected an input of floating-point numbers, got one of dtype int"):
        getattr(nn, name)()([1, 2, 3])
    assert getattr(nn, name)().eval()([1, 2, 3]).tolist() == [1, 2, 3]
