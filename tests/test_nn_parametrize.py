"""``nn.utils.parametrize``, the ready parametrizations, and the older weight and spectral norm."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn.utils import parametrizations, parametrize

RNG = np.random.default_rng(11)


class Symmetric(nn.Module):
    def forward(self, x):
        return np.triu(x) + np.triu(x, 1).T

    def right_inverse(self, x):
        return np.triu(x)


class Positive(nn.Module):
    def forward(self, x):
        return np.exp(x)

    def right_inverse(self, x):
        return np.log(x)


class Double(nn.Module):
    def forward(self, x):
        return 2 * x


class Cropped(nn.Module):
    def forward(self, x):
        return x[:1]

    def right_inverse(self, x):
        return 2 * x


class Product(nn.Module):
    """Two originals."""

    def forward(self, a, b):
        return a * b

    def right_inverse(self, x):
        return x, np.ones_like(x)


class TestRegistering:
    def test_the_value_is_computed(self):
        layer = nn.Linear(3, 3)
        original = layer.weight
        assert parametrize.register_parametrization(layer, "weight", Symmetric()) is layer
        assert layer.parametrizations.weight.original is original
        np.testing.assert_array_equal(layer.weight.detach(), layer.weight.detach().T)
        np.testing.assert_allclose(layer(np.eye(3)).detach(), layer.weight.detach().T + layer.bias.detach(), rtol=1e-6)
        assert list(layer.state_dict()) == ["bias", "parametrizations.weight.original"]
        assert [name for name, _ in layer.named_parameters()] == list(layer.state_dict())
        assert type(layer) is parametrize.type_before_parametrizations(layer) is nn.Linear

    def test_the_original_gets_the_gradient(self):
        layer = parametrize.register_parametrization(nn.Linear(2, 1, bias=False), "weight", Double())
        layer([[1.0, 3.0]]).sum().backward()
        assert layer.parametrizations.weight.original.grad.tolist() == [[2.0, 6.0]]

    def test_several_in_a_row(self):
        layer = nn.Linear(2, 2, bias=False)
        layer.weight.data = np.array([[1.0, 2.0], [2.0, 3.0]])
        parametrize.register_parametrization(layer, "weight", Positive())
        parametrize.register_parametrization(layer, "weight", Double())
        np.testing.assert_allclose(layer.weight.detach(), [[2.0, 4.0], [4.0, 6.0]], rtol=1e-6)
        assert len(layer.parametrizations.weight) == 2
        assert repr(layer).splitlines()[2:6] == [
            "  (parametrizations): ModuleDict(",
            "    (weight): ParametrizationList(",
            "      (0): Positive()",
            "      (1): Double()",
        ]

    def test_several_originals(self):
        layer = parametrize.register_parametrization(nn.Linear(2, 1), "weight", Product())
        before = layer.weight.detach().numpy()
        assert list(layer.state_dict()) == [
            "bias", "parametrizations.weight.original0", "parametrizations.weight.original1",
        ]  # fmt: skip
        layer.weight = np.array([[5.0, 6.0]], np.float32)
        assert layer.parametrizations.weight.original0.tolist() == [[5.0, 6.0]]
        assert layer.weight.tolist() == [[5.0, 6.0]] != before.tolist()

    def test_assigning_goes_backwards(self):
        layer = nn.Linear(2, 2)
        layer.weight.data = np.ones((2, 2))
        parametrize.register_parametrization(layer, "weight", Positive())
        original = layer.parametrizations.weight.original
        layer.weight = nn.Parameter(np.full((2, 2), np.e, np.float32))
        np.testing.assert_allclose(original.detach(), np.ones((2, 2)), rtol=1e-6)
        assert layer.parametrizations.weight.original is original
        parametrize.register_parametrization(layer, "weight", Double())
        with pytest.raises(TypeError, match="Double without one"):
            layer.weight = np.ones((2, 2))
        with pytest.raises(ValueError, match=r"a value of shape \(2, 2\), got shape \(3, 3\)"):
            parametrize.register_parametrization(nn.Linear(2, 2), "weight", Symmetric()).weight = np.ones((3, 3))

    def test_a_buffer(self):
        module = nn.Module()
        module.register_buffer("scale", np.ones(2))
        parametrize.register_parametrization(module, "scale", Double())
        assert module.scale.tolist() == [2.0, 2.0]
        assert not list(module.parameters())
        parametrize.remove_parametrizations(module, "scale")
        assert [name for name, _ in module.named_buffers()] == ["scale"]
        assert module.scale.tolist() == [2.0, 2.0]

    def test_another_shape_needs_to_be_wanted(self):
        layer = nn.Linear(2, 3)
        before = layer.state_dict()
        with pytest.raises(
            ValueError, match=r"'weight': expected a value of shape \(3, 2\).*got shape \(1, 2\).*unsafe"
        ):
            parametrize.register_parametrization(layer, "weight", Cropped())
        assert list(layer.state_dict()) == list(before)
        for key, value in layer.state_dict().items():
            np.testing.assert_array_equal(value, before[key])
        parametrize.register_parametrization(layer, "weight", Cropped(), unsafe=True)
        assert layer.weight.shape == (1, 2)
        other = parametrize.register_parametrization(nn.Linear(2, 3), "weight", Double())
        with pytest.raises(ValueError, match="got shape"):
            parametrize.register_parametrization(other, "weight", Cropped())
        assert len(other.parametrizations.weight) == 1

    def test_errors(self):
        with pytest.raises(ValueError, match=r"no parameter or buffer 'wieght'\. Did you mean 'weight'"):
            parametrize.register_parametrization(nn.Linear(1, 1), "wieght", Double())
        with pytest.raises(TypeError, match="a module as parametrization"):
            parametrize.register_parametrization(nn.Linear(1, 1), "weight", lambda x: x)

        class Strange(Double):
            def right_inverse(self, x):
                return "text"

        with pytest.raises(ValueError, match="parametrization Strange: expected right_inverse to return a Tensor"):
            parametrize.register_parametrization(nn.Linear(1, 1), "weight", Strange())

        class Narrowing(Double):
            def right_inverse(self, x):
                return x.astype("float16")

        with pytest.raises(ValueError, match="keep the dtype float32, got float16"):
            parametrize.register_parametrization(nn.Linear(1, 1), "weight", Narrowing())

    def test_asking(self):
        layer = parametrizations.weight_norm(nn.Linear(1, 1))
        assert parametrize.is_parametrized(layer)
        assert parametrize.is_parametrized(layer, "weight")
        assert not parametrize.is_parametrized(layer, "bias")
        assert not parametrize.is_parametrized(nn.Linear(1, 1))
        assert not parametrize.is_parametrized(nn.utils.prune.identity(nn.Linear(1, 1), "weight"))
        assert hasattr(layer, "weight")
        with pytest.raises(KeyError):
            layer._parameters["nothing"]


class TestRemoving:
    def test_keeping_the_value(self):
        layer = nn.Linear(2, 2)
        weight = layer.weight
        before = weight.detach().numpy().copy()
        parametrize.register_parametrization(layer, "weight", Double())
        assert parametrize.remove_parametrizations(layer, "weight") is layer
        assert layer.weight is weight
        np.testing.assert_array_equal(weight.detach(), 2 * before)
        assert not parametrize.is_parametrized(layer)
        assert not hasattr(layer, "parametrizations")
        assert type(layer._parameters) is dict

    def test_back_to_the_original(self):
        layer = nn.Linear(2, 2)
        before = layer.weight.detach().numpy().copy()
        parametrize.register_parametrization(layer, "weight", Double())
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
        np.testing.assert_array_equal(layer.weight.detach(), before)

    def test_one_of_two(self):
        layer = parametrizations.weight_norm(parametrizations.weight_norm(nn.Linear(2, 2)), "bias")
        value = layer.weight.detach().numpy()
        parametrize.remove_parametrizations(layer, "weight")
        np.testing.assert_array_equal(layer.weight.detach(), value)
        assert isinstance(layer.weight, nn.Parameter)
        assert parametrize.is_parametrized(layer, "bias")

    def test_errors(self):
        with pytest.raises(ValueError, match="a parametrized name, got 'bias' of Linear"):
            parametrize.remove_parametrizations(parametrizations.weight_norm(nn.Linear(1, 1)), "bias")
        with pytest.raises(ValueError, match="leave_parametrized=True"):
            parametrize.remove_parametrizations(parametrizations.weight_norm(nn.Linear(1, 1)), "weight", False)


class TestAsAModule:
    @pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
    def test_copies_are_independent(self, twin_of):
        layer = parametrizations.weight_norm(nn.Linear(2, 2))
        twin = twin_of(layer)
        np.testing.assert_array_equal(layer.weight.detach(), twin.weight.detach())
        twin.parametrizations.weight.original0.data = np.zeros((2, 1))
        assert (twin.weight.detach() == 0).all()
        assert (layer.weight.detach() != 0).all()

    def test_training_and_conversion(self):
        layer = parametrizations.weight_norm(nn.Linear(2, 2)).double()
        assert layer.weight.dtype == np.float64
        assert layer(np.ones((1, 2))).dtype == np.float64

    def test_cached(self):
        calls = []

        class Counting(Double):
            def forward(self, x):
                calls.append(1)
                return x * 1

        layer = parametrize.register_parametrization(nn.Linear(2, 2), "weight", Counting())
        calls.clear()
        with parametrize.cached():
            out = layer(layer(np.ones((1, 2))))
            with parametrize.cached():
                assert layer.weight is layer.weight
            assert layer.weight is layer.weight
        assert len(calls) == 1
        out.sum().backward()
        assert layer.parametrizations.weight.original.grad is not None
        with pytest.raises(KeyError), parametrize.cached():
            raise KeyError
        assert layer.weight is not layer.weight


def axes_but(x, dim):
    return tuple(axis for axis in range(x.ndim) if axis != dim % x.ndim)


class TestWeightNorm:
    @pytest.mark.parametrize("dim", [0, 1, 2, -2, None, -1])
    @pytest.mark.parametrize("norm", [parametrizations.weight_norm, nn.utils.weight_norm])
    def test_length_and_direction(self, dim, norm):
        module = nn.Module()
        module.w = nn.Parameter(RNG.standard_normal((2, 3, 4)))
        before = module.w.detach().numpy().copy()
        norm(module, "w", dim)
        np.testing.assert_allclose(module.w.detach(), before, rtol=1e-12)
        g, v = list(module.parameters())
        np.testing.assert_array_equal(v.detach(), before)
        whole = dim is None or dim == -1
        lengths = np.linalg.norm(before) if whole else np.sqrt((before**2).sum(axes_but(before, dim), keepdims=True))
        np.testing.assert_allclose(g.detach(), lengths)
        assert g.shape == lengths.shape
        g.data = 2 * g.detach()
        v.data = 7 * v.detach()
        np.testing.assert_allclose(module.w.detach(), 2 * before, rtol=1e-12)

    def test_gradients(self):
        v, g = RNG.standard_normal((2, 3)), RNG.uniform(1, 2, (2, 1))
        layer = parametrizations.weight_norm(nn.Linear(3, 2)).double()

        def value(g, v):
            names = ("original0", "original1")
            state = {f"parametrizations.weight.{name}": x for name, x in zip(names, (g, v))}
            return nn.functional_call(layer, state, np.ones((1, 3)))

        inputs = [ag.tensor(x, requires_grad=True) for x in (g, v)]
        assert ag.gradcheck(value, inputs)
        assert ag.gradgradcheck(value, inputs)

    def test_keys_and_removal_of_the_older_form(self):
        layer = nn.utils.weight_norm(nn.Linear(3, 2))
        assert list(layer.state_dict()) == ["bias", "weight_g", "weight_v"]
        value = layer.weight.detach().numpy()
        nn.utils.remove_weight_norm(layer)
        assert list(layer.state_dict()) == ["bias", "weight"]
        np.testing.assert_array_equal(layer.weight.detach(), value)
        assert layer.weight.requires_grad

    def test_errors(self):
        for norm in (parametrizations.weight_norm, nn.utils.weight_norm, nn.utils.spectral_norm):
            with pytest.raises(ValueError, match="a module with a parameter 'wieght'"):
                norm(nn.Linear(1, 1), "wieght")
        with pytest.raises(ValueError, match="not computed from others yet, got one that is, by WeightNorm"):
            nn.utils.weight_norm(nn.utils.weight_norm(nn.Linear(1, 1)))
        for remove in (nn.utils.remove_weight_norm, nn.utils.remove_spectral_norm):
            with pytest.raises(ValueError, match="whose 'weight' is normalized, got Linear"):
                remove(nn.Linear(1, 1))
        layer = nn.utils.weight_norm(nn.Linear(1, 1))
        with pytest.raises(TypeError, match="no assignment to a computed weight"):
            layer.weight = np.ones((1, 1))


class TestSpectralNorm:
    @pytest.mark.parametrize("norm", [parametrizations.spectral_norm, nn.utils.spectral_norm])
    def test_the_largest_singular_value_becomes_1(self, norm):
        layer = norm(nn.Linear(5, 4), n_power_iterations=20)
        for _ in range(20):
            layer(np.ones((1, 5)))
        assert np.linalg.svdvals(layer.weight.detach()).max() == pytest.approx(1.0, rel=1e-3)
        vectors = {key: value.copy() for key, value in layer.state_dict().items()}
        layer.eval()(np.ones((1, 5)))
        for key, value in layer.state_dict().items():
            np.testing.assert_array_equal(value, vectors[key])
        layer.train()(np.ones((1, 5)))

    def test_keys(self):
        layer = parametrizations.spectral_norm(nn.Linear(3, 2))
        assert list(layer.state_dict()) == [
            "bias",
            "parametrizations.weight.original",
            "parametrizations.weight.0._u",
            "parametrizations.weight.0._v",
        ]
        assert layer.parametrizations.weight[0]._u.shape == (2,)

    def test_the_gradient_with_the_vectors_held_fixed(self):
        layer = parametrizations.spectral_norm(nn.Linear(3, 2, bias=False)).double().eval()
        u, v = (layer.parametrizations.weight[0]._buffers[name].numpy() for name in ("_u", "_v"))
        w = layer.parametrizations.weight.original.detach().numpy()
        layer(np.ones((1, 3))).sum().backward()
        sigma = u @ w @ v
        expected = np.ones((2, 3)) / sigma - w.sum() / sigma**2 * np.outer(u, v)
        np.testing.assert_allclose(layer.parametrizations.weight.original.grad, expected, rtol=1e-10)

    def test_a_vector_and_another_axis(self):
        layer = parametrizations.spectral_norm(nn.Linear(3, 4), "bias")
        assert np.linalg.norm(layer.bias.detach()) == pytest.approx(1.0, rel=1e-6)
        layer = parametrizations.spectral_norm(nn.Linear(3, 4), dim=-1)
        assert layer.parametrizations.weight[0]._u.shape == (3,)
        assert "n_power_iterations=1, dim=-1" in repr(layer)

    def test_removal_of_the_older_form(self):
        layer = nn.utils.spectral_norm(nn.Linear(3, 2))
        seen = []
        layer.register_forward_pre_hook(lambda module, inputs: seen.append(1))
        value = layer.weight.detach().numpy()
        nn.utils.remove_spectral_norm(layer)
        np.testing.assert_array_equal(layer.weight.detach(), value)
        assert list(layer.state_dict()) == ["bias", "weight"]
        layer(np.ones((1, 3)))
        assert seen == [1]

    def test_errors(self):
        for norm in (parametrizations.spectral_norm, nn.utils.spectral_norm):
            with pytest.raises(ValueError, match="n_power_iterations of at least 1, got 0"):
                norm(nn.Linear(1, 1), n_power_iterations=0)
        with pytest.raises(IndexError, match="got dim=2"):
            parametrizations.spectral_norm(nn.Linear(1, 1), dim=2)


class TestOrthogonal:
    @pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5), (2, 4, 4)])
    @pytest.mark.parametrize("map", ["matrix_exp", "cayley", "householder"])
    @pytest.mark.parametrize("use_trivialization", [True, False])
    def test_it_stays_orthogonal(self, shape, map, use_trivialization):
        if map != "householder" and not use_trivialization:
            return
        module = nn.Module()
        module.w = nn.Parameter(RNG.standard_normal(shape))
        parametrizations.orthogonal(module, "w", map, use_trivialization=use_trivialization)
        rows, columns = shape[-2:]
        for _ in range(2):
            w = module.w.detach().numpy()
            product = w @ w.swapaxes(-1, -2) if rows < columns else w.swapaxes(-1, -2) @ w
            np.testing.assert_allclose(product, np.broadcast_to(np.eye(min(rows, columns)), product.shape), atol=1e-12)
            (module.w * RNG.standard_normal(shape)).sum().backward()
            original = module.parametrizations.w.original
            assert np.abs(original.grad.numpy()).max() > 1e-3
            off = np.tril(np.ones(original.shape), -1) if rows >= columns else np.triu(np.ones(original.shape), 1)
            original.data = original.detach() - 0.1 * original.grad * off

    @pytest.mark.parametrize("map", ["matrix_exp", "cayley", "householder"])
    @pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5)])
    def test_an_orthogonal_weight_is_where_it_starts(self, map, shape):
        module = nn.Module()
        module.w = nn.init.orthogonal_(nn.Parameter(np.zeros(shape)))
        before = module.w.detach().numpy().copy()
        parametrizations.orthogonal(module, "w", map)
        np.testing.assert_allclose(module.w.detach(), before, atol=1e-12)
        other = nn.init.orthogonal_(nn.Parameter(np.zeros(shape)))
        module.w = other.detach()
        np.testing.assert_allclose(module.w.detach(), other.detach(), atol=1e-12)

    def test_householder_without_a_base_can_be_assigned(self):
        module = nn.Module()
        module.w = nn.init.orthogonal_(nn.Parameter(np.zeros((3, 5))))
        before = module.w.detach().numpy().copy()
        parametrizations.orthogonal(module, "w", use_trivialization=False)
        np.testing.assert_allclose(module.w.detach(), before, atol=1e-12)
        assert list(module.state_dict()) == ["parametrizations.w.original"]

    @pytest.mark.parametrize("map", ["matrix_exp", "cayley", "householder"])
    def test_gradients(self, map):
        module = nn.Module()
        module.w = nn.Parameter(RNG.standard_normal((3, 3)))
        parametrizations.orthogonal(module, "w", map)
        x = ag.tensor(RNG.standard_normal((3, 3)) - 3 * np.eye(3), requires_grad=True)
        assert ag.gradcheck(module.parametrizations.w[0], [x])

    def test_errors(self):
        with pytest.raises(ValueError, match=r"a matrix, or several, got 'bias' of shape \(1,\)"):
            parametrizations.orthogonal(nn.Linear(1, 1), "bias")
        with pytest.raises(ValueError, match="one of matrix_exp, cayley, householder, got 'qr'"):
            parametrizations.orthogonal(nn.Linear(1, 1), orthogonal_map="qr")
        with pytest.raises(ValueError, match="use_trivialization=True for an initial value"):
            parametrizations.orthogonal(nn.Linear(2, 2), use_trivialization=False)
