"""Embedding and bags of embeddings against PyTorch."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional as F

from .beside_torch import Case, compare, generator
from .modules_beside_torch import ModuleCase, compare_modules

torch = pytest.importorskip("torch")
tF = torch.nn.functional

TABLE = generator("table").standard_normal((10, 4))
IDS = generator("ids").integers(0, 10, (4, 3))
FLAT = generator("flat").integers(0, 10, 12)
APART = np.array([[3, 1, 4], [0, 5, 9]])


def module(name, inputs, *arguments, order=2, **options):
    return ModuleCase(
        lambda: getattr(nn, name)(*arguments, **options),
        lambda: getattr(torch.nn, name)(*arguments, **options),
        inputs,
        order=order,
        label=f"{name}{arguments}{options} {inputs[0].shape}",
    )


MODULES = [
    module("Embedding", (IDS,), 10, 4),
    module("Embedding", (np.array(3),), 10, 4),
    module("Embedding", (np.zeros((0, 2), np.int64),), 10, 4),
    module("Embedding", (IDS,), 10, 4, padding_idx=3),
    module("Embedding", (IDS,), 10, 4, -2),
    module("Embedding", (IDS,), 10, 4, scale_grad_by_freq=True, order=1),
    module("Embedding", (IDS,), 10, 4, None, 0.5),
    module("Embedding", (IDS,), 10, 4, max_norm=0.5, norm_type=1.0),
    module("Embedding", (IDS.astype(np.int32),), 10, 4),
    *(
        module("EmbeddingBag", (IDS,), 10, 4, mode=mode, padding_idx=padding, max_norm=bound, order=1)
        for mode, padding, bound in itertools.product(("sum", "mean", "max"), (None, 3, -1), (None, 0.6))
    ),
    module("EmbeddingBag", (IDS,), 10, 4, order=1),
    module("EmbeddingBag", (APART,), 10, 4, scale_grad_by_freq=True, order=1),
]


@pytest.mark.parametrize("module", MODULES, ids=str)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_modules(module, dtype):
    compare_modules(module, dtype, "train")


@pytest.mark.parametrize(("mode", "weighted"), [("sum", False), ("sum", True), ("mean", False), ("max", False)])
@pytest.mark.parametrize("padding", [None, 2, -1])
@pytest.mark.parametrize(
    ("offsets", "last"), [([0, 3, 3, 7], False), ([0, 5, 12], True), ([0], False), ([0, 12], False), ([0, 0, 0], False)]
)
def test_bags_with_offsets(mode, padding, weighted, offsets, last):
    options = dict(mode=mode, padding_idx=padding, include_last_offset=last)
    inputs = (TABLE, generator("weights").standard_normal(12)) if weighted else (TABLE,)

    def ours(table, weights=None):
        return F.embedding_bag(FLAT, table, offsets, per_sample_weights=weights, **options)

    def theirs(table, weights=None):
        return tF.embedding_bag(torch.tensor(FLAT), table, torch.tensor(offsets), per_sample_weights=weights, **options)

    compare(Case("embedding_bag", theirs, inputs, ours=ours, order=1), "float64")
    compare(Case("embedding_bag", theirs, inputs, ours=ours, order=1), "float32")


def test_gradients_divided_by_the_frequency_are_those_of_single_rows():
    # Within bags PyTorch looks the frequency up for another row, so this is compared with the sum of its rows.
    mine, its = ag.tensor(TABLE, requires_grad=True), torch.tensor(TABLE, requires_grad=True)
    g = generator("g").standard_normal((4, 4))
    F.embedding_bag(IDS, mine, mode="sum", scale_grad_by_freq=True).backward(g)
    tF.embedding(torch.tensor(IDS), its, scale_grad_by_freq=True).sum(1).backward(torch.tensor(g))
    np.testing.assert_allclose(mine.grad.numpy(), its.grad.numpy(), atol=1e-12)


def test_rows_are_shortened_in_place():
    mine, its = ag.tensor(3 * TABLE), torch.tensor(3 * TABLE)
    F.embedding([[1, 5], [1, 7]], mine, max_norm=1.5, norm_type=1.0)
    tF.embedding(torch.tensor([[1, 5], [1, 7]]), its, max_norm=1.5, norm_type=1.0)
    np.testing.assert_allclose(mine.numpy(), its.numpy(), rtol=1e-12)


@pytest.mark.parametrize("name", ["Embedding", "EmbeddingBag"])
@pytest.mark.parametrize("options", [{}, dict(freeze=False), dict(padding_idx=2, max_norm=1.0)])
def test_from_pretrained(name, options):
    table = TABLE.astype(np.float32)
    ours = getattr(nn, name).from_pretrained(table, **options)
    theirs = getattr(torch.nn, name).from_pretrained(torch.tensor(table), **options)
    assert ours.weight.requires_grad == theirs.weight.requires_grad
    np.testing.assert_allclose(ours(IDS).detach().numpy(), theirs(torch.tensor(IDS)).detach().numpy(), atol=1e-6)


def test_initial_values_have_pytorchs_distribution():
    ours, theirs = nn.Embedding(400, 300, 7).weight.detach().numpy(), torch.nn.Embedding(400, 300, 7).weight
    its = theirs.detach().numpy()
    assert ours.std() == pytest.approx(its.std(), rel=0.02)
    assert (ours[7] == its[7]).all()


REFUSED = [
    ("embedding", (np.array([1.5]), TABLE), {}),
    ("embedding", (np.array([10]), TABLE), {}),
    ("embedding", (np.array([-1]), TABLE), {}),
    ("embedding", (np.array([1]), TABLE), dict(padding_idx=10)),
    ("embedding", (np.array([1]), TABLE), dict(padding_idx=-11)),
    ("embedding_bag", (np.array([10]), TABLE, np.array([0])), {}),
    ("embedding_bag", (FLAT, TABLE), {}),
    ("embedding_bag", (IDS, TABLE, np.array([0])), {}),
    ("embedding_bag", (FLAT, TABLE, np.array([1, 2])), {}),
    ("embedding_bag", (FLAT, TABLE, np.array([0, 13])), {}),
    ("embedding_bag", (IDS, TABLE), dict(mode="other")),
    ("embedding_bag", (IDS, TABLE), dict(mode="max", scale_grad_by_freq=True)),
    ("embedding_bag", (IDS, TABLE), dict(mode="mean", per_sample_weights=np.ones((4, 3)))),
    ("embedding_bag", (IDS, TABLE), dict(mode="sum", per_sample_weights=np.ones(12))),
]


@pytest.mark.parametrize(("name", "arguments", "options"), REFUSED)
def test_both_refuse(name, arguments, options):
    its = {key: torch.tensor(x) if isinstance(x, np.ndarray) else x for key, x in options.items()}
    with pytest.raises((RuntimeError, ValueError, IndexError, TypeError, AssertionError, NotImplementedError)):
        getattr(tF, name)(*(torch.tensor(x) for x in arguments), **its)
    with pytest.raises((ValueError, IndexError, TypeError), match="To mend it"):
        getattr(F, name)(*arguments, **options)
