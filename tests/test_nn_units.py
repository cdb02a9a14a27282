"""Distances, units of our own and the adaptive softmax."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional as F
from tests.differences import check_gradients

RNG = np.random.default_rng(18)
INF = float("inf")

# -- distances ---------------------------------------------------------------------------------------------------


class TestDistances:
    def test_normalize(self):
        x = RNG.standard_normal((3, 4))
        np.testing.assert_allclose(np.linalg.norm(F.normalize(x), axis=1), 1)
        np.testing.assert_allclose(F.normalize(x, p=1, dim=0), x / np.abs(x).sum(axis=0))
        for p in (1.0, 2.0, 3.5, INF):
            check_gradients(lambda x, p=p: F.normalize(x, p), x)

    def test_normalize_of_zeros_is_zero_with_a_finite_gradient(self):
        x = ag.Tensor(np.zeros((1, 3)), requires_grad=True)
        out = F.normalize(x, eps=0.5)
        out.sum().backward()
        assert out.tolist() == [[0.0] * 3]
        assert x.grad.tolist() == [[2.0] * 3]

    def test_cosine_similarity(self):
        a, b = RNG.standard_normal((2, 5, 3))
        expected = (a * b).sum(axis=1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))
        np.testing.assert_allclose(F.cosine_similarity(a, b), expected)
        np.testing.assert_allclose(nn.CosineSimilarity(dim=0)(a, b).numpy(), F.cosine_similarity(a.T, b.T))
        np.testing.assert_allclose(F.cosine_similarity(a, b[:1]), F.cosine_similarity(a, np.tile(b[:1], (5, 1))))
        check_gradients(F.cosine_similarity, a, b)

    def test_cosine_similarity_of_zeros(self):
        x = ag.Tensor(np.zeros((1, 3)), requires_grad=True)
        out = F.cosine_similarity(x, ag.tensor([[1.0, 2.0, 2.0]]), eps=0.1)
        out.sum().backward()
        assert out.tolist() == [0.0]
        np.testing.assert_allclose(x.grad.numpy(), [[10 / 3, 20 / 3, 20 / 3]])

    @pytest.mark.parametrize("p", [1.0, 2.0, 3.0, INF])
    def test_pairwise_distance(self, p):
        a, b = RNG.standard_normal((2, 5, 3))
        np.testing.assert_allclose(F.pairwise_distance(a, b, p, eps=0.0), np.linalg.norm(a - b, ord=p, axis=1))
        assert nn.PairwiseDistance(p, keepdim=True)(a, b).shape == (5, 1)
        check_gradients(lambda a, b: F.pairwise_distance(a, b, p), a, b)

    @pytest.mark.parametrize("p", [0.0, 1.0, 2.0, 3.0, INF])
    def test_pdist(self, p):
        x = RNG.standard_normal((4, 3))
        expected = [np.linalg.norm(x[i] - x[j], ord=p) for i in range(4) for j in range(i + 1, 4)]
        np.testing.assert_allclose(F.pdist(x, p), expected)
        if p:
            check_gradients(lambda x: F.pdist(x, p), x, tolerance=1e-4 if p == 3 else 1e-6)

    def test_pdist_of_few_rows_and_equal_rows(self):
        assert F.pdist(np.zeros((1, 3))).shape == (0,)
        x = ag.Tensor(np.ones((2, 3)), requires_grad=True)
        F.pdist(x).sum().backward()
        assert x.grad.tolist() == [[0.0] * 3] * 2
        for bad in (dict(input=np.zeros(3)), dict(input=np.zeros((3, 2)), p=-1)):
            with pytest.raises(ValueError, match=r"pdist: expected an input of shape \(N, D\) and p ≥ 0"):
                F.pdist(**bad)

    def test_texts(self):
        assert repr(nn.CosineSimilarity(0)) == "CosineSimilarity(dim=0, eps=1e-08)"
        assert repr(nn.PairwiseDistance(1.0)) == "PairwiseDistance(p=1.0, eps=1e-06, keepdim=False)"


# -- units of our own ------------------------------------------------------------------------------------------------


class TestOwnUnits:
    def test_maxout(self):
        assert F.maxout(np.array([1.0, 5.0, 2.0, -1.0, 0.0, 0.0]), 2).tolist() == [5.0, 2.0, 0.0]
        assert F.maxout(np.arange(8.0).reshape(4, 2), 2, dim=0).tolist() == [[2.0, 3.0], [6.0, 7.0]]
        x = ag.tensor([1.0, 5.0, 2.0, 2.0], requires_grad=True)
        F.maxout(x, 2).sum().backward()
        assert x.grad.tolist() == [0.0, 1.0, 0.5, 0.5]
        with pytest.raises(ValueError, match=r"maxout: expected a length along dim=-1 that is a multiple of pieces=3"):
            F.maxout(np.zeros(4), 3)

    def test_a_maxout_layer_can_be_a_relu(self):
        layer = nn.Maxout(1, 1, pieces=2, dtype="float64")
        layer.weight.data, layer.bias.data = np.array([[1.0], [0.0]]), np.zeros(2)
        x = RNG.standard_normal((5, 1))
        np.testing.assert_array_equal(layer(x).detach().numpy(), np.maximum(x, 0))
        assert repr(layer) == "Maxout(in_features=1, out_features=1, pieces=2, bias=True)"

    def test_maxout_parameters(self):
        layer = nn.Maxout(4, 3, pieces=5, bias=False)
        assert {key: value.shape for key, value in layer.state_dict().items()} == {"weight": (15, 4)}
        assert np.abs(layer.weight.detach().numpy()).max() <= 0.5
        with pytest.raises(ValueError, match="Maxout: expected pieces"):
            nn.Maxout(4, 3, pieces=0)
        with pytest.raises(ValueError, match="Cosine: expected in_features"):
            nn.Cosine(0, 3)

    def test_cosine(self):
        layer = nn.Cosine(3, 4, dtype="float64")
        x = RNG.standard_normal((5, 3))
        w, b = layer.weight.detach().numpy(), layer.bias.detach().numpy()
        np.testing.assert_allclose(layer(x).detach().numpy(), np.cos(x @ w.T + b))
        assert repr(layer) == "Cosine(in_features=3, out_features=4, bias=True)"

    def test_cosine_units_start_as_features_of_the_gaussian_kernel(self):
        nn.manual_seed(0)
        layer = nn.Cosine(2, 20000)
        x, y = np.array([[0.3, -0.2]]), np.array([[1.0, 0.5]])
        product = float((layer(x) * layer(y)).mean().item())
        assert product == pytest.approx(math.exp(-((x - y) ** 2).sum() / 2) / 2, abs=0.02)

    def test_radial_basis(self):
        x, c, eps = RNG.standard_normal((5, 2)), RNG.standard_normal((3, 2)), np.array([0.5, 1.0, 2.0])
        expected = np.exp(-((eps * np.linalg.norm(x[:, None] - c, axis=2)) ** 2))
        np.testing.assert_allclose(F.radial_basis(x, c, eps), expected)
        check_gradients(F.radial_basis, x, c, eps)
        np.testing.assert_allclose(F.radial_basis(x[0], c, np.float64(0.7)), F.radial_basis(x, c, 0.7)[0])
        assert F.radial_basis(x.astype(np.float32), c.astype(np.float32), np.float64(0.7)).dtype == np.float32

    @pytest.mark.parametrize(
        ("x", "c", "eps", "text"),
        [
            (np.zeros((5, 3)), np.zeros((4, 2)), 1.0, r"centres of shape \(K, D\), got shapes \(5, 3\) and \(4, 2\)"),
            (np.zeros((5, 2)), np.zeros(2), 1.0, "centres of shape"),
            (np.zeros((5, 2)), np.zeros((4, 2)), np.ones(3), r"of shape \(4,\), got shape \(3,\)"),
        ],
    )
    def test_radial_basis_refuses(self, x, c, eps, text):
        with pytest.raises(ValueError, match=f"radial_basis: expected .*{text}"):
            F.radial_basis(x, c, eps)

    def test_radial_basis_layer_learns_centres_and_widths(self):
        layer = nn.RadialBasis(2, 3, eps=0.5)
        assert {key: value.shape for key, value in layer.state_dict().items()} == {"centres": (3, 2), "eps": (3,)}
        assert layer.eps.tolist() == [0.5] * 3
        layer(RNG.standard_normal((4, 2))).sum().backward()
        assert layer.centres.grad.shape == (3, 2)
        assert layer.eps.grad.shape == (3,)
        assert layer.eps.grad.dtype == np.float32
        assert repr(layer) == "RadialBasis(in_features=2, out_features=3, eps=0.5)"
        layer.eps.data = np.zeros(3, np.float32)
        layer.reset_parameters()
        assert layer.eps.tolist() == [0.5] * 3

    def test_abs_has_derivative_0_at_0(self):
        x = ag.tensor([-2.0, 0.0, 3.0], requires_grad=True)
        nn.Abs()(x).sum().backward()
        assert x.grad.tolist() == [-1.0, 0.0, 1.0]


# -- adaptive softmax -----------------------------------------------------------------------------------------------


class TestAdaptiveLogSoftmax:
    def layer(self, **options):
        return nn.AdaptiveLogSoftmaxWithLoss(16, 10, [3, 6], dtype="float64", **options)

    def test_output_is_the_entry_of_log_prob(self):
        layer = self.layer(div_value=2.0)
        x, y = RNG.standard_normal((10, 16)), RNG.permutation(10)
        output, loss = layer(x, y)
        log_p = layer.log_prob(x).detach().numpy()
        np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1)
        np.testing.assert_allclose(output.detach().numpy(), log_p[np.arange(10), y])
        assert loss.item() == pytest.approx(-log_p[np.arange(10), y].mean())
        one, _ = layer(x[0], y[0])
        assert one.shape == ()
        assert one.item() == pytest.approx(output[0].item())

    def test_predict_is_the_largest(self):
        layer = self.layer()
        x = 5 * RNG.standard_normal((50, 16))
        np.testing.assert_array_equal(layer.predict(x).numpy(), layer.log_prob(x).detach().numpy().argmax(axis=1))
        assert not layer.predict(x).requires_grad

    def test_state_and_gradients(self):
        layer = self.layer(head_bias=True)
        assert {key: value.shape for key, value in layer.state_dict().items()} == {
            "head.weight": (5, 16),
            "head.bias": (5,),
            "tail.0.0.weight": (4, 16),
            "tail.0.1.weight": (3, 4),
            "tail.1.0.weight": (1, 16),
            "tail.1.1.weight": (4, 1),
        }
        layer(RNG.standard_normal((3, 16)), [0, 4, 5]).loss.backward()
        assert layer.tail[0][1].weight.grad is not None
        assert layer.tail[1][1].weight.grad is None, "no sample of this cluster"
        before = layer.state_dict()
        layer.reset_parameters()
        assert all((before[key] != value).any() for key, value in layer.state_dict().items())

    @pytest.mark.parametrize("cutoffs", [[], [0, 3], [3, 3], [5, 2], [3, 10], [2.5]])
    def test_cutoffs_increase(self, cutoffs):
        with pytest.raises(ValueError, match="AdaptiveLogSoftmaxWithLoss: expected cutoffs that increase, from 1 to 9"):
            nn.AdaptiveLogSoftmaxWithLoss(16, 10, cutoffs)

    @pytest.mark.parametrize(
        ("shape", "target", "text"),
        [
            ((2, 16), [0, 10], "class indices from 0 to 9, got 10"),
            ((2, 16), [0, 1, 2], r"shapes \(2, 16\) and \(3,\)"),
            ((2, 16), [[0], [1]], r"shapes \(2, 16\) and \(2, 1\)"),
            ((16,), [0], r"shapes \(16,\) and \(1,\)"),
        ],
    )
    def test_refuses(self, shape, target, text):
        with pytest.raises(ValueError, match=f"AdaptiveLogSoftmaxWithLoss: expected .*{text}"):
            self.layer()(np.zeros(shape), target)
