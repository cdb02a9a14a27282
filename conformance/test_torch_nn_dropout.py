"""Dropout beside PyTorch's: what is dropped is random, so shapes, scales, moments and evaluation are compared."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional as F

from .beside_torch import generator
from .modules_beside_torch import ModuleCase, compare_modules

torch = pytest.importorskip("torch")
tF = torch.nn.functional

SHAPES = {
    "Dropout": (4, 5),
    "Dropout1d": (2, 3, 4),
    "Dropout2d": (2, 3, 4, 5),
    "Dropout3d": (2, 3, 2, 2, 3),
    "AlphaDropout": (4, 5),
    "FeatureAlphaDropout": (2, 3, 4, 5),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_evaluation(name, p, dtype):
    x = generator(name).standard_normal(SHAPES[name])
    case = ModuleCase(lambda: getattr(nn, name)(p), lambda: getattr(torch.nn, name)(p), (x,), order=1, label=name)
    compare_modules(case, dtype, "eval")
    if p != 0.3:
        compare_modules(case, dtype, "train")


FUNCTIONS = {
    "dropout": (40, 50, 5),
    "dropout1d": (60, 50, 3),
    "dropout2d": (60, 50, 3, 2),
    "dropout3d": (60, 50, 2, 2, 2),
    "alpha_dropout": (40, 50, 5),
    "feature_alpha_dropout": (60, 50, 3, 2),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_the_same_values_in_the_same_shares_in_the_same_pattern(name, p):
    nn.manual_seed(3)
    torch.manual_seed(3)
    shape = FUNCTIONS[name]
    ours = getattr(F, name)(ag.ones(shape), p, True).numpy()
    theirs = getattr(tF, name)(torch.ones(shape, dtype=torch.float64), p, True).numpy()
    np.testing.assert_allclose(np.unique(ours), np.unique(theirs), rtol=1e-6)
    channels = np.prod(shape[:2]) if name != "dropout" and name != "alpha_dropout" else np.prod(shape)
    for a in (ours, theirs):
        assert np.mean(a == a.max()) == pytest.approx(1 - p, abs=4 * np.sqrt(p * (1 - p) / channels))
        if channels != np.prod(shape):  # one decision per channel
            assert (a.reshape(*shape[:2], -1) == a.reshape(*shape[:2], -1)[:, :, :1]).all()


@pytest.mark.parametrize("shape", [(5, 4), (2, 5, 4)])
def test_channels_without_a_batch(shape):
    mine, its = F.dropout1d(ag.ones(shape)).numpy(), tF.dropout1d(torch.ones(shape)).numpy()
    for a in (mine, its):
        assert (a == a[..., :1]).all()


def test_alpha_dropout_keeps_mean_and_variance():
    x = generator("moments").standard_normal(200_000)
    for y in (F.alpha_dropout(ag.tensor(x), 0.4, True).numpy(), tF.alpha_dropout(torch.tensor(x), 0.4, True).numpy()):
        assert y.mean() == pytest.approx(0.0, abs=0.02)
        assert y.std() == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("p", [-0.1, 1.1])
def test_both_refuse_what_is_no_probability(p):
    for make in (lambda: tF.dropout(torch.ones(2), p), lambda: torch.nn.Dropout(p)):
        with pytest.raises(ValueError, match="probability"):
            make()
    for make in (lambda: F.dropout(ag.ones(2), p), lambda: nn.Dropout(p)):
        with pytest.raises(ValueError, match="p between 0 and 1"):
            make()
