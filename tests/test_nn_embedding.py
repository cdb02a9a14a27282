"""Embedding: rows picked, gradients added up, padding, norms, bags, modules and errors."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional as F

# The function of this name hides the module that it stands in.
module = importlib.import_module("nn.functional.embedding")
RNG = np.random.default_rng(31)
TABLE = RNG.standard_normal((6, 3))
IDS = np.array([[1, 4, 1], [0, 1, 5]])


def table(values=TABLE):
    return ag.tensor(values, requires_grad=True)


def added(g, ids, count):
    total = np.zeros((count, g.shape[-1]))
    np.add.at(total, ids, g)
    return total


class TestEmbedding:
    def test_rows_and_gradient(self):
        weight = table()
        y = F.embedding(IDS, weight)
        np.testing.assert_array_equal(y.detach().numpy(), TABLE[IDS])
        g = RNG.standard_normal(y.shape)
        y.backward(g)
        np.testing.assert_allclose(weight.grad.numpy(), added(g, IDS, 6))

    @pytest.mark.parametrize("sparse", [True, False], ids=["SciPy", "NumPy"])
    @pytest.mark.parametrize("width", [3, 80])
    @pytest.mark.parametrize(("count", "size"), [(5000, 1000), (40, 1000), (9, 1000), (5, 0), (1, 3)])
    @pytest.mark.parametrize("skewed", [False, True])
    def test_repeated_rows_add_up(self, monkeypatch, sparse, width, count, size, skewed):
        if not sparse:
            monkeypatch.setattr(module, "_sparse", lambda: None)
        ids = np.minimum(RNG.zipf(1.3, size) - 1, count - 1) if skewed else RNG.integers(0, count, size)
        weight = table(RNG.standard_normal((count, width)))
        y = F.embedding(ids, weight)
        g = RNG.standard_normal(y.shape)
        y.backward(g)
        np.testing.assert_allclose(weight.grad.numpy(), added(g, ids, count), atol=1e-10)

    def test_without_scipy(self, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "scipy", None)
        module._sparse.cache_clear()
        try:
            assert module._sparse() is None
        finally:
            module._sparse.cache_clear()

    def test_shapes_and_kinds_of_input(self):
        assert F.embedding(2, table()).shape == (3,)
        assert F.embedding([], table()).shape == (0, 3)
        assert F.embedding([[0, 1]], table()).shape == (1, 2, 3)
        for ids in (IDS.astype(np.int32), IDS.astype(np.uint8), ag.tensor(IDS)):
            np.testing.assert_array_equal(F.embedding(ids, table()).detach().numpy(), TABLE[IDS])

    def test_the_padding_gets_no_gradient(self):
        for padding in (1, -5):
            weight = table()
            F.embedding(IDS, weight, padding_idx=padding).sum().backward()
            np.testing.assert_allclose(weight.grad.numpy()[:, 0], [1, 0, 0, 0, 1, 1])

    def test_gradients_divided_by_the_frequency(self):
        weight = table()
        F.embedding(IDS, weight, scale_grad_by_freq=True).sum().backward()
        np.testing.assert_allclose(weight.grad.numpy()[:, 0], [1, 1, 0, 0, 1, 1])

    @pytest.mark.parametrize("options", [{}, dict(padding_idx=3), dict(scale_grad_by_freq=True, padding_idx=2)])
    def test_second_derivatives(self, options):
        weight, g = table(), ag.tensor(RNG.standard_normal((2, 3, 3)), requires_grad=True)
        (first,) = ag.gradients(F.embedding(IDS, weight, **options), weight, g, create_graph=True)
        direction = RNG.standard_normal(TABLE.shape)
        (second,) = ag.gradients(first, g, direction)
        factors = (options.get("padding_idx") != IDS) / (
            np.array([[3, 1, 3], [1, 3, 1]]) if "scale_grad_by_freq" in options else 1
        )
        np.testing.assert_allclose(second.numpy(), direction[IDS] * factors[..., None])

    def test_gradgradcheck(self):
        assert ag.gradgradcheck(lambda weight: F.embedding(IDS, weight) ** 3, (TABLE,))

    def test_rows_that_are_too_long_are_shortened_in_place(self):
        weight = ag.tensor([[3.0, 4.0], [0.3, 0.4], [6.0, 8.0]], requires_grad=True)
        y = F.embedding([0, 1, 0], weight, max_norm=1.0)
        np.testing.assert_allclose(y.detach().numpy(), [[0.6, 0.8], [0.3, 0.4], [0.6, 0.8]], rtol=1e-6)
        np.testing.assert_allclose(weight.detach().numpy(), [[0.6, 0.8], [0.3, 0.4], [6.0, 8.0]], rtol=1e-6)
        y.sum().backward()
        assert weight.grad.tolist() == [[2.0, 2.0], [1.0, 1.0], [0.0, 0.0]]

    def test_shortening_is_noticed_by_a_pending_backward_pass_that_needs_the_table(self):
        weight = ag.tensor([[3.0, 4.0], [0.3, 0.4]], requires_grad=True)
        squares = (weight * weight).sum()
        picked = F.embedding([0], weight, max_norm=1.0)
        with pytest.raises(ag.StaleValueError):
            squares.backward()
        picked.sum().backward()

    def test_replays(self):
        weight = table()
        graph = ag.Graph(F.embedding(IDS, weight).sum())
        assert graph.forward(np.ones((6, 3))).item() == 18.0
        traced = ag.Graph.trace(lambda ids, weight: F.embedding(ids, weight), IDS, TABLE)
        np.testing.assert_array_equal(traced.forward(IDS[::-1].copy(), TABLE).numpy(), TABLE[IDS[::-1]])

    def test_float32_and_plain_arrays(self):
        weight = table(TABLE.astype(np.float32))
        F.embedding(IDS, weight).sum().backward()
        assert weight.grad.dtype == np.float32
        assert type(F.embedding(IDS, TABLE)) is np.ndarray

    @pytest.mark.parametrize(
        ("ids", "options", "error", "message"),
        [
            ([1.0], {}, TypeError, "embedding: expected integers, the numbers of rows, got dtype float64"),
            ([6], {}, IndexError, "row numbers from 0 to 5, got 6"),
            ([0, -1], {}, IndexError, "row numbers from 0 to 5, got -1"),
            ([0], dict(padding_idx=6), ValueError, "padding_idx from -6 to 5, got 6"),
        ],
    )
    def test_errors(self, ids, options, error, message):
        with pytest.raises(error, match=message):
            F.embedding(ids, table(), **options)
        with pytest.raises(ValueError, match="a weight of shape"):
            F.embedding(ids, np.ones(3), **options)


class TestBags:
    def test_by_hand(self):
        weight = ag.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 0.0]])
        ids, offsets = [0, 1, 2, 2], [0, 3, 3]
        for mode, expected in (
            ("sum", [[9, 6], [0, 0], [5, 0]]),
            ("mean", [[3, 2], [0, 0], [5, 0]]),
            ("max", [[5, 4], [0, 0], [5, 0]]),
        ):
            np.testing.assert_allclose(F.embedding_bag(ids, weight, offsets, mode=mode).numpy(), expected)

    @pytest.mark.parametrize("mode", ["sum", "mean", "max"])
    def test_rows_of_an_array_are_bags(self, mode):
        y = F.embedding_bag(IDS, ag.tensor(TABLE), mode=mode).numpy()
        np.testing.assert_allclose(y, getattr(TABLE[IDS], mode)(axis=1))
        flat = F.embedding_bag(IDS.reshape(-1), ag.tensor(TABLE), [0, 3], mode=mode).numpy()
        np.testing.assert_allclose(flat, y)
        ended = F.embedding_bag(IDS.reshape(-1), ag.tensor(TABLE), [0, 3, 6], mode=mode, include_last_offset=True)
        np.testing.assert_allclose(ended.numpy(), y)

    @pytest.mark.parametrize("mode", ["sum", "mean", "max"])
    @pytest.mark.parametrize("padding", [None, 1])
    def test_gradcheck(self, mode, padding):
        offsets = [0, 2, 2, 5]
        ids = IDS.reshape(-1)
        assert ag.gradgradcheck(
            lambda weight: F.embedding_bag(ids, weight, offsets, mode=mode, padding_idx=padding), (TABLE,)
        )

    def test_padding_does_not_count(self):
        y = F.embedding_bag(IDS, ag.tensor(TABLE), mode="mean", padding_idx=1).numpy()
        np.testing.assert_allclose(y, [TABLE[4], (TABLE[0] + TABLE[5]) / 2])
        y = F.embedding_bag([[1, 1]], ag.tensor(TABLE), mode="max", padding_idx=1).numpy()
        np.testing.assert_allclose(y, np.zeros((1, 3)))

    def test_weights_per_entry(self):
        weights = RNG.standard_normal(IDS.shape)
        assert ag.gradgradcheck(
            lambda weight, factors: F.embedding_bag(IDS, weight, mode="sum", per_sample_weights=factors, padding_idx=4),
            (TABLE, weights),
        )
        y = F.embedding_bag(IDS, TABLE, mode="sum", per_sample_weights=weights.tolist())
        np.testing.assert_allclose(y, (TABLE[IDS] * weights[..., None]).sum(1))

    def test_no_bags(self):
        assert F.embedding_bag(np.zeros((0, 3), int), table()).shape == (0, 3)
        assert F.embedding_bag(np.zeros(0, int), table(), [0, 0]).tolist() == [[0.0] * 3] * 2
        assert F.embedding_bag(np.zeros(0, int), table(), [0], mode="max").tolist() == [[0.0] * 3]

    @pytest.mark.parametrize(
        ("arguments", "options", "message"),
        [
            ((IDS, [0]), {}, "no offsets with an input of shape"),
            ((IDS[0], None), {}, "a vector with offsets"),
            ((IDS[0], [1]), {}, "a vector of offsets that starts with 0"),
            ((IDS[0], [0, 3, 2]), {}, "offsets that do not decrease"),
            ((IDS[0], [0, 4]), {}, "offsets that do not decrease, for 3 entries"),
            ((IDS[0], [0, 2]), dict(include_last_offset=True), "for 3 entries"),
            ((IDS, None), dict(mode="median"), "mode 'sum', 'mean' or 'max'"),
            ((IDS, None), dict(mode="max", scale_grad_by_freq=True), "scale_grad_by_freq with mode"),
            ((IDS, None), dict(per_sample_weights=np.ones(IDS.shape)), "per_sample_weights with mode 'sum' only"),
            ((IDS, None), dict(mode="sum", per_sample_weights=np.ones(3)), "per_sample_weights of the input's shape"),
        ],
    )
    def test_errors(self, arguments, options, message):
        ids, offsets = arguments
        with pytest.raises(ValueError, match=message):
            F.embedding_bag(ids, table(), offsets, **options)


class TestModules:
    def test_embedding(self):
        nn.manual_seed(0)
        layer = nn.Embedding(50, 40, padding_idx=-1)
        assert layer.padding_idx == 49
        assert layer.weight.dtype == np.float32
        assert layer.weight.detach().numpy()[:-1].std() == pytest.approx(1.0, abs=0.05)
        assert (layer.weight.detach()[49] == 0).all()
        layer([[0, 49]]).sum().backward()
        assert (layer.weight.grad[49] == 0).all()
        assert (layer.weight.grad[0] == 1).all()
        assert list(layer.state_dict()) == ["weight"]

    def test_options_reach_the_function(self):
        layer = nn.Embedding(6, 3, max_norm=0.1, norm_type=1.0, scale_grad_by_freq=True, dtype=np.float64)
        y = layer(IDS)
        assert np.abs(y.detach().numpy()).sum(-1).max() <= 0.1
        y.sum().backward()
        assert layer.weight.grad.numpy().max() == 1.0

    def test_bag(self):
        layer = nn.EmbeddingBag(6, 3, mode="sum", padding_idx=1, dtype="float64")
        assert (layer.weight.detach()[1] == 0).all()
        y = layer(IDS, per_sample_weights=np.ones(IDS.shape))
        np.testing.assert_allclose(y.detach().numpy(), layer.weight.detach().numpy()[IDS].sum(1))
        assert layer(IDS[0], offsets=[0, 1]).shape == (2, 3)

    def test_from_pretrained(self):
        layer = nn.Embedding.from_pretrained(TABLE, padding_idx=2)
        assert not layer.weight.requires_grad
        assert layer.weight.dtype == np.float64
        np.testing.assert_array_equal(layer(IDS).numpy(), TABLE[IDS])
        assert nn.Embedding.from_pretrained(TABLE, freeze=False).weight.requires_grad
        bag = nn.EmbeddingBag.from_pretrained(TABLE, mode="max")
        assert not bag.weight.requires_grad
        np.testing.assert_array_equal(bag(IDS).numpy(), TABLE[IDS].max(1))

    @pytest.mark.parametrize(
        ("layer", "text"),
        [
            (nn.Embedding(4, 3), "Embedding(4, 3)"),
            (
                nn.Embedding(4, 3, 0, 1.0, 1.0, True, True),
                "Embedding(4, 3, padding_idx=0, max_norm=1.0, norm_type=1.0, scale_grad_by_freq=True, sparse=True)",
            ),
            (nn.EmbeddingBag(4, 3), "EmbeddingBag(4, 3, mode='mean')"),
            (
                nn.EmbeddingBag(4, 3, max_norm=2.0, norm_type=1.0, scale_grad_by_freq=True, padding_idx=1),
                "EmbeddingBag(4, 3, max_norm=2.0, norm_type=1.0, scale_grad_by_freq=True, mode='mean', padding_idx=1)",
            ),
        ],
        ids=["plain", "options", "bag", "bag with options"],
    )
    def test_text(self, layer, text):
        assert str(layer) == text

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: nn.Embedding(4, 3, padding_idx=4), "Embedding: expected padding_idx from -4 to 3"),
            (lambda: nn.EmbeddingBag(4, 3, mode="other"), "EmbeddingBag: expected mode"),
            (lambda: nn.Embedding(-4, 3), "at least 0"),
            (lambda: nn.Embedding(4, 3, _weight=np.ones((3, 4))), r"a _weight of shape \(4, 3\)"),
            (lambda: nn.Embedding.from_pretrained([1.0, 2.0]), "from_pretrained: expected a table"),
            (lambda: nn.Embedding(4, 3, device="cuda"), "Embedding: expected device None or 'cpu'"),
        ],
    )
    def test_errors(self, make, message):
        with pytest.raises(ValueError, match=message):
            make()


@pytest.mark.parametrize("name", ["Embedding", "EmbeddingBag"])
@pytest.mark.parametrize("size", [2.5, "3", None, True])
def test_sizes_that_are_no_integers(name, size):
    with pytest.raises(TypeError, match=f"{name}: expected num_embeddings to be an integer, got"):
        getattr(nn, name)(size, 2)
    with pytest.raises(TypeError, match=f"{name}: expected embedding_dim to be an integer, got"):
        getattr(nn, name)(2, size)
