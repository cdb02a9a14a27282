"""``nn.utils.prune``: masks by size and at random, one by one, in slices and over a whole network."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn.utils import prune


def layer_with(values):
    values = np.asarray(values, np.float32)
    layer = nn.Linear(values.shape[1], values.shape[0])
    layer.weight.data = values
    return layer


VALUES = [[1.0, -5.0, 3.0], [-0.5, 4.0, 0.1]]


class TestMasks:
    def test_a_pruned_weight(self):
        layer = layer_with(VALUES)
        weight = layer.weight
        assert prune.l1_unstructured(layer, "weight", 2) is layer
        assert layer.weight_orig is weight
        assert list(layer.state_dict()) == ["bias", "weight_orig", "weight_mask"]
        assert layer.weight_mask.dtype == np.float32
        np.testing.assert_array_equal(layer.weight.detach(), np.float32([[1.0, -5.0, 3.0], [0.0, 4.0, 0.0]]))
        layer(np.ones((1, 3))).sum().backward()
        np.testing.assert_array_equal(layer.weight_orig.grad, [[1, 1, 1], [0, 1, 0]])

    @pytest.mark.parametrize(("amount", "left"), [(0, 6), (3, 3), (6, 0), (0.5, 3), (0.4, 4), (1.0, 0), (0.0, 6)])
    def test_amounts(self, amount, left):
        for function in (prune.l1_unstructured, prune.random_unstructured):
            assert function(layer_with(VALUES), "weight", amount).weight_mask.sum().item() == left

    def test_structured(self):
        layer = prune.ln_structured(layer_with(VALUES), "weight", 1, n=1, dim=1)
        np.testing.assert_array_equal(layer.weight_mask.numpy(), [[0, 1, 1], [0, 1, 1]])
        layer = prune.ln_structured(layer_with(VALUES), "weight", 0.5, n=math.inf, dim=0)
        np.testing.assert_array_equal(layer.weight_mask.numpy(), [[1, 1, 1], [0, 0, 0]])
        layer = prune.random_structured(layer_with(VALUES), "weight", 2, dim=-1)
        assert sorted(layer.weight_mask.sum(axis=0).tolist()) == [0, 0, 2]

    def test_random_pruning_follows_the_seed(self):
        masks = []
        for _ in range(2):
            nn.manual_seed(1)
            masks.append(prune.random_unstructured(nn.Linear(8, 8), "weight", 0.5).weight_mask.numpy())
        np.testing.assert_array_equal(*masks)

    def test_a_given_mask(self):
        mask = np.array([[1, 0, 1], [0, 1, 1]])
        layer = prune.custom_from_mask(layer_with(VALUES), "weight", ag.tensor(mask))
        np.testing.assert_array_equal(layer.weight_mask.numpy(), mask)
        with pytest.raises(ValueError, match=r"the parameter's shape \(2, 3\), got shape \(3,\)"):
            prune.custom_from_mask(layer_with(VALUES), "weight", [1, 0, 1])

    def test_importance_scores(self):
        scores = np.arange(6.0).reshape(2, 3)
        layer = prune.l1_unstructured(layer_with(VALUES), "weight", 2, importance_scores=scores)
        np.testing.assert_array_equal(layer.weight_mask.numpy(), [[0, 0, 1], [1, 1, 1]])
        layer = prune.ln_structured(layer_with(VALUES), "weight", 1, 2, 0, importance_scores=-scores)
        np.testing.assert_array_equal(layer.weight_mask.numpy(), [[0, 0, 0], [1, 1, 1]])
        with pytest.raises(ValueError, match=r"importance_scores of the parameter's shape \(2, 3\), got shape \(3,\)"):
            prune.l1_unstructured(layer_with(VALUES), "weight", 2, importance_scores=[1, 2, 3])


class TestAgain:
    def test_more_of_what_is_left(self):
        layer = layer_with(VALUES)
        prune.l1_unstructured(layer, "weight", 2)
        prune.l1_unstructured(layer, "weight", 2)
        np.testing.assert_array_equal(layer.weight_mask.numpy(), [[0, 1, 0], [0, 1, 0]])
        prune.l1_unstructured(layer, "weight", 0.5)
        np.testing.assert_array_equal(layer.weight_mask.numpy(), [[0, 1, 0], [0, 0, 0]])

    def test_slices_after_entries(self):
        layer = layer_with(VALUES)
        prune.l1_unstructured(layer, "weight", 2)
        prune.ln_structured(layer, "weight", 1, n=2, dim=1)
        np.testing.assert_array_equal(layer.weight_mask.numpy(), [[0, 1, 1], [0, 1, 0]])
        prune.ln_structured(layer, "weight", 1, n=2, dim=1)  # of the two columns that are left
        np.testing.assert_array_equal(layer.weight_mask.numpy(), [[0, 1, 0], [0, 1, 0]])

    def test_the_container(self):
        layer = layer_with(VALUES)
        first = prune.L1Unstructured.apply(layer, "weight", 1)
        assert isinstance(first, prune.L1Unstructured)
        second = prune.RandomUnstructured.apply(layer, "weight", 1)
        third = prune.CustomFromMask.apply(layer, "weight", np.ones((2, 3)))
        assert isinstance(second, prune.PruningContainer)
        assert third is second
        assert [type(method).__name__ for method in third] == ["L1Unstructured", "RandomUnstructured", "CustomFromMask"]
        assert third[0] is first
        assert len(third) == 3
        with pytest.raises(TypeError, match="a BasePruningMethod, got int"):
            third.add_pruning_method(3)

    def test_too_much(self):
        layer = prune.l1_unstructured(layer_with(VALUES), "weight", 4)
        before = layer.weight_mask.numpy().copy()
        with pytest.raises(ValueError, match="an amount of at most 2"):
            prune.l1_unstructured(layer, "weight", 3)
        np.testing.assert_array_equal(layer.weight_mask.numpy(), before)


class TestGlobally:
    def test_by_size(self):
        net = nn.Sequential(layer_with(VALUES), layer_with([[10.0, 0.2]]))
        pairs = [(net[0], "weight"), (net[1], "weight")]
        prune.global_unstructured(pairs, prune.L1Unstructured, amount=3)
        np.testing.assert_array_equal(net[0].weight_mask.numpy(), [[1, 1, 1], [0, 1, 0]])
        np.testing.assert_array_equal(net[1].weight_mask.numpy(), [[1, 0]])
        prune.global_unstructured(pairs, prune.L1Unstructured, amount=0.4)
        np.testing.assert_array_equal(net[0].weight_mask.numpy(), [[0, 1, 0], [0, 1, 0]])

    def test_by_scores(self):
        net = nn.Sequential(layer_with(VALUES), layer_with([[10.0, 0.2]]))
        pairs = [(net[0], "weight"), (net[1], "weight")]
        scores = {(net[1], "weight"): np.array([[0.0, 100.0]])}
        prune.global_unstructured(pairs, prune.L1Unstructured, importance_scores=scores, amount=1)
        np.testing.assert_array_equal(net[1].weight_mask.numpy(), [[0, 1]])

    def test_errors(self):
        layer = layer_with(VALUES)
        with pytest.raises(TypeError, match="pairs of module and name"):
            prune.global_unstructured([layer], prune.L1Unstructured, amount=1)
        with pytest.raises(TypeError, match="an unstructured method, got LnStructured, which is structured"):
            prune.global_unstructured([(layer, "weight")], prune.LnStructured, amount=1, n=2)
        assert not prune.is_pruned(layer)


class TestTheEnd:
    def test_remove(self):
        layer = layer_with(VALUES)
        weight = layer.weight
        prune.l1_unstructured(layer, "weight", 2)
        assert prune.remove(layer, "weight") is layer
        assert layer.weight is weight
        np.testing.assert_array_equal(weight.detach(), np.float32([[1.0, -5.0, 3.0], [0.0, 4.0, 0.0]]))
        assert list(layer.state_dict()) == ["bias", "weight"]
        assert not prune.is_pruned(layer)
        with pytest.raises(ValueError, match="a pruned parameter, got 'weight' of Linear"):
            prune.remove(layer, "weight")

    def test_is_pruned_looks_below(self):
        net = nn.Sequential(nn.Sequential(nn.Linear(1, 1)))
        assert not prune.is_pruned(net)
        prune.identity(net[0][0], "bias")
        assert prune.is_pruned(net)

    @pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
    def test_copies_are_independent(self, twin_of):
        layer = prune.l1_unstructured(layer_with(VALUES), "weight", 2)
        twin = twin_of(layer)
        twin.weight_mask = np.zeros((2, 3), np.float32)
        assert (twin.weight.detach() == 0).all()
        assert layer.weight_mask.sum().item() == 4
        prune.l1_unstructured(twin, "weight", 0)

    def test_training_keeps_what_is_pruned_at_0(self):
        layer = prune.l1_unstructured(layer_with(VALUES), "weight", 3)
        for _ in range(3):
            layer.zero_grad()
            (layer(np.ones((2, 3))) ** 2).sum().backward()
            for parameter in layer.parameters():
                parameter.data = parameter.detach() - 0.1 * parameter.grad
        assert ((layer.weight.detach() == 0) == (layer.weight_mask == 0)).all()

    def test_saved_and_loaded(self):
        layer = prune.l1_unstructured(layer_with(VALUES), "weight", 2)
        other = prune.identity(nn.Linear(3, 2), "weight")
        other.load_state_dict(layer.state_dict())
        np.testing.assert_array_equal(other.weight.detach(), layer.weight.detach())


class TestMethods:
    def test_on_a_tensor(self):
        t = ag.tensor([3.0, -1.0, 2.0], requires_grad=True)
        pruned = prune.L1Unstructured(1).prune(t)
        assert pruned.tolist() == [3.0, 0.0, 2.0]
        pruned.sum().backward()
        assert t.grad.tolist() == [1.0, 0.0, 1.0]
        assert prune.L1Unstructured(1).prune(t, default_mask=[0, 1, 1]).tolist() == [0.0, 0.0, 2.0]
        assert prune.L1Unstructured(1).prune(t, importance_scores=[0, 1, 2]).tolist() == [0.0, -1.0, 2.0]

    def test_a_method_of_ones_own(self):
        class Nothing(prune.BasePruningMethod):
            pass

        with pytest.raises(TypeError, match="Nothing: expected a method compute_mask"):
            Nothing.apply(nn.Linear(1, 1), "weight")

    @pytest.mark.parametrize(
        ("make", "error", "text"),
        [
            (lambda: prune.L1Unstructured("1"), TypeError, "a number as amount"),
            (lambda: prune.L1Unstructured(True), TypeError, "a number as amount"),
            (lambda: prune.RandomUnstructured(-1), ValueError, "a count of at least 0"),
            (lambda: prune.RandomStructured(1.5), ValueError, "a share from 0.0 to 1.0, got 1.5"),
            (lambda: prune.l1_unstructured(nn.Linear(1, 1), "wieght", 1), ValueError, "a parameter 'wieght'"),
            (lambda: prune.random_structured(nn.Linear(1, 1), "bias", 1, 0), ValueError, "at least two axes"),
            (lambda: prune.ln_structured(nn.Linear(1, 1), "weight", 1, 2, 5), ValueError, "dim=5"),
            (lambda: prune.identity(nn.utils.weight_norm(nn.Linear(1, 1)), "weight"), ValueError, "it is computed"),
        ],
    )
    def test_errors(self, make, error, text):
        with pytest.raises(error, match=text):
            make()
