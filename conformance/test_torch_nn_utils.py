"""``nn.utils`` beside ``torch.nn.utils`` and ``torch.optim.swa_utils``."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from torch.nn.utils import parametrizations as torch_parametrizations
from torch.nn.utils import parametrize as torch_parametrize
from torch.nn.utils import prune as torch_prune
from torch.optim import swa_utils

import autograd_core as ag
import nn
from nn.utils import averaging, parametrizations, parametrize, prune

from .modules_beside_torch import ModuleCase, compare_modules, near

RNG = np.random.default_rng(21)


def twins(make_ours, make_theirs, dtype="float32"):
    """Our module and PyTorch's with PyTorch's values."""
    theirs = make_theirs().to(getattr(torch, dtype))
    ours = make_ours().to(dtype)
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})
    return ours, theirs


# -- clipping ----------------------------------------------------------------------------------------------


def gradients(dtype, scale=1.0):
    return [(scale * RNG.standard_normal(shape)).astype(dtype) for shape in ((3, 4), (5,), (1,), (2, 2, 2))]


def both_with(values):
    ours, theirs = [], []
    for value in values:
        mine, its = (
            nn.Parameter(np.zeros_like(value)),
            torch.nn.Parameter(torch.zeros(value.shape, dtype=torch.tensor(value).dtype)),
        )
        mine.grad, its.grad = ag.tensor(value), torch.tensor(value)
        ours.append(mine)
        theirs.append(its)
    return ours, theirs


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("p", [2.0, 1, 3.0, math.inf, 0.5])
@pytest.mark.parametrize("max_norm", [0.1, 1e6])
def test_clip_grad_norm(p, max_norm, dtype):
    ours, theirs = both_with(gradients(dtype))
    near("norm", nn.utils.clip_grad_norm_(ours, max_norm, p), torch.nn.utils.clip_grad_norm_(theirs, max_norm, p), 1e-5)
    for a, b in zip(ours, theirs):
        near("gradient", a.grad, b.grad, 1e-6)


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_clip_grad_norm_that_is_not_finite(bad):
    values = gradients("float32")
    values[1][2] = bad
    ours, theirs = both_with(values)
    with pytest.raises(RuntimeError):
        nn.utils.clip_grad_norm_(ours, 1.0, error_if_nonfinite=True)
    with pytest.raises(RuntimeError):
        torch.nn.utils.clip_grad_norm_(theirs, 1.0, error_if_nonfinite=True)
    near("norm", nn.utils.clip_grad_norm_(ours, 1.0), torch.nn.utils.clip_grad_norm_(theirs, 1.0), 0)
    for a, b in zip(ours, theirs):
        near("gradient", a.grad, b.grad, 0)


def test_clip_grad_value():
    ours, theirs = both_with(gradients("float32"))
    nn.utils.clip_grad_value_(ours, 0.5)
    torch.nn.utils.clip_grad_value_(theirs, 0.5)
    for a, b in zip(ours, theirs):
        near("gradient", a.grad, b.grad, 0)


def test_total_norm_and_clipping_apart():
    ours, theirs = both_with(gradients("float64"))
    a = nn.utils.get_total_norm([p.grad for p in ours])
    b = torch.nn.utils.get_total_norm([p.grad for p in theirs])
    near("norm", a, b, 1e-12)
    nn.utils.clip_grads_with_norm_(ours, 0.3, a)
    torch.nn.utils.clip_grads_with_norm_(theirs, 0.3, b)
    for p, q in zip(ours, theirs):
        near("gradient", p.grad, q.grad, 1e-12)


def test_vectors():
    ours, theirs = twins(
        lambda: nn.MLP([3, 4, 2], activation=nn.Tanh),
        lambda: torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2)),
    )
    a = nn.utils.parameters_to_vector(ours.parameters())
    b = torch.nn.utils.parameters_to_vector(theirs.parameters())
    near("vector", a, b, 0)
    nn.utils.vector_to_parameters(a * 2, ours.parameters())
    torch.nn.utils.vector_to_parameters(b * 2, theirs.parameters())
    for p, q in zip(ours.parameters(), theirs.parameters()):
        near("parameter", p, q, 0)


# -- parametrizations ----------------------------------------------------------------------------------------


def real(*shape):
    return RNG.standard_normal(shape)


class OurSymmetric(nn.Module):
    def forward(self, x):
        return np.triu(x) + np.triu(x, 1).T


class TheirSymmetric(torch.nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).T


WEIGHT_NORMS = [
    ModuleCase(
        lambda dim=dim: parametrizations.weight_norm(nn.Linear(3, 4), dim=dim),
        lambda dim=dim: torch_parametrizations.weight_norm(torch.nn.Linear(3, 4), dim=dim),
        (real(5, 3),),
        label=f"weight_norm dim={dim}",
        # PyTorch's fused kernel, for the first and the last axis, fails its own gradgradcheck.
        order=1 if dim in (0, 1) else 2,
    )
    for dim in (0, 1, None, -1)
] + [
    ModuleCase(
        lambda: parametrizations.weight_norm(nn.Bilinear(3, 2, 4), dim=1),
        lambda: torch_parametrizations.weight_norm(torch.nn.Bilinear(3, 2, 4), dim=1),
        (real(5, 3), real(5, 2)),
        label="weight_norm of a tensor of three axes",
    ),
    ModuleCase(
        lambda: parametrizations.weight_norm(nn.Linear(3, 4), "bias"),
        lambda: torch_parametrizations.weight_norm(torch.nn.Linear(3, 4), "bias"),
        (real(5, 3),),
        order=1,
        label="weight_norm of a bias",
    ),
    ModuleCase(
        lambda: parametrizations.weight_norm(nn.Conv2d(3, 4, 2), dim=2),
        lambda: torch_parametrizations.weight_norm(torch.nn.Conv2d(3, 4, 2), dim=2),
        (real(2, 3, 4, 4),),
        label="weight_norm of a convolution",
    ),
    ModuleCase(
        lambda: parametrizations.weight_norm(nn.LSTM(3, 4), "weight_hh_l0", dim=None),
        lambda: torch_parametrizations.weight_norm(torch.nn.LSTM(3, 4), "weight_hh_l0", dim=None),
        (real(5, 2, 3),),
        label="weight_norm of a recurrent layer",
    ),
    ModuleCase(
        lambda: parametrize.register_parametrization(nn.Linear(3, 3), "weight", OurSymmetric()),
        lambda: torch_parametrize.register_parametrization(torch.nn.Linear(3, 3), "weight", TheirSymmetric()),
        (real(5, 3),),
        label="a parametrization of one's own",
    ),
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", WEIGHT_NORMS, ids=str)
def test_weight_norm(case, dtype):
    compare_modules(case, dtype, "train")


@pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated")
@pytest.mark.parametrize("dim", [0, 1, None])
def test_older_weight_norm(dim):
    ours, theirs = twins(
        lambda: nn.utils.weight_norm(nn.Linear(3, 4), dim=dim),
        lambda: torch.nn.utils.weight_norm(torch.nn.Linear(3, 4), dim=dim),
        "float64",
    )
    same_run(ours, theirs, real(5, 3))
    nn.utils.remove_weight_norm(ours)
    torch.nn.utils.remove_weight_norm(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    near("weight", ours.weight, theirs.weight, 1e-12)


def same_run(ours, theirs, *inputs, tolerance=1e-9, keys=True):
    """Equal outputs, gradients of inputs and parameters, and state dicts afterwards."""
    mine = [ag.tensor(x, requires_grad=True) for x in inputs]
    its = [torch.tensor(x, requires_grad=True) for x in inputs]
    a, b = ours(*mine), theirs(*its)
    near("output", a, b, tolerance)
    seed = RNG.standard_normal(tuple(b.shape)).astype(str(b.dtype).removeprefix("torch."))
    a.backward(ag.tensor(seed))
    b.backward(torch.tensor(seed))
    for p, q in zip(mine, its):
        near("input gradient", p.grad, q.grad, tolerance)
    for (name, p), (its_name, q) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        assert name == its_name
        near(f"gradient of {name}", p.grad, q.grad, tolerance)
        p.grad = q.grad = None
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for (key, p), q in zip(ours.state_dict().items(), theirs.state_dict().values()):
        near(key, p, q, tolerance)


@pytest.mark.parametrize("iterations", [1, 3])
@pytest.mark.parametrize(
    ("name", "norms", "make"),
    [
        ("weight", "new", lambda n: n.Linear(4, 3)),
        ("weight", "old", lambda n: n.Linear(4, 3)),
        ("bias", "new", lambda n: n.Linear(4, 3)),
        ("weight", "new", lambda n: n.Bilinear(4, 4, 3)),
    ],
)
def test_spectral_norm(name, norms, make, iterations):
    ours = parametrizations.spectral_norm if norms == "new" else nn.utils.spectral_norm
    theirs = torch_parametrizations.spectral_norm if norms == "new" else torch.nn.utils.spectral_norm
    a, b = twins(lambda: ours(make(nn), name, iterations), lambda: theirs(make(torch.nn), name, iterations), "float64")
    inputs = [real(5, 4) for _ in range(2 if isinstance(a, nn.Bilinear) else 1)]
    for _ in range(3):
        same_run(a, b, *inputs)
    a.eval()
    b.eval()
    same_run(a, b, *inputs)


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_spectral_norm_along_another_axis(dim):
    a, b = twins(
        lambda: parametrizations.spectral_norm(nn.Bilinear(4, 4, 3), dim=dim),
        lambda: torch_parametrizations.spectral_norm(torch.nn.Bilinear(4, 4, 3), dim=dim),
        "float64",
    )
    same_run(a, b, real(5, 4), real(5, 4))


@pytest.mark.parametrize("map", ["matrix_exp", "cayley", "householder", None])
@pytest.mark.parametrize("sizes", [(4, 4), (5, 3), (3, 5)])
@pytest.mark.parametrize("use_trivialization", [True, False])
def test_orthogonal(map, sizes, use_trivialization):
    uses_reflections = map == "householder" or (map is None and sizes[0] != sizes[1])
    if not use_trivialization and not uses_reflections:
        pytest.skip("no initial value")
    options = {"orthogonal_map": map, "use_trivialization": use_trivialization}
    ours, theirs = twins(
        lambda: parametrizations.orthogonal(nn.Linear(*sizes), **options),
        lambda: torch_parametrizations.orthogonal(torch.nn.Linear(*sizes).double(), **options),
        "float64",
    )
    for key, value in ours.state_dict().items():
        if key.endswith("original"):
            strict = np.tril(np.ones(value.shape), -1) + np.triu(np.ones(value.shape), 1)
            value = value + 0.3 * real(*value.shape) * strict
            ours.load_state_dict({key: value}, strict=False)
            theirs.load_state_dict({key: torch.tensor(value)}, strict=False)
    near("weight", ours.weight, theirs.weight, 1e-10)
    same_run(ours, theirs, real(6, sizes[0]), tolerance=1e-8)


@pytest.mark.parametrize("norms", ["new", "old"])
@pytest.mark.parametrize("kind", ["Conv2d", "ConvTranspose2d"])
def test_spectral_norm_of_convolutions(kind, norms):
    ours = parametrizations.spectral_norm if norms == "new" else nn.utils.spectral_norm
    theirs = torch_parametrizations.spectral_norm if norms == "new" else torch.nn.utils.spectral_norm
    a, b = twins(lambda: ours(getattr(nn, kind)(3, 4, 2)), lambda: theirs(getattr(torch.nn, kind)(3, 4, 2)), "float64")
    for _ in range(2):
        same_run(a, b, real(2, 3, 5, 5))


def test_removing():
    for keep in (True, False):
        a, b = twins(
            lambda: parametrize.register_parametrization(nn.Linear(3, 3), "weight", OurSymmetric()),
            lambda: torch_parametrize.register_parametrization(torch.nn.Linear(3, 3), "weight", TheirSymmetric()),
        )
        parametrize.remove_parametrizations(a, "weight", keep)
        torch_parametrize.remove_parametrizations(b, "weight", keep)
        assert list(a.state_dict()) == list(b.state_dict())
        near("weight", a.weight, b.weight, 1e-6)
        assert a.weight.requires_grad == b.weight.requires_grad


# -- pruning -------------------------------------------------------------------------------------------------

PRUNING = {
    "l1": [("l1_unstructured", {"amount": 0.4})],
    "l1 count": [("l1_unstructured", {"amount": 5})],
    "l1 twice": [("l1_unstructured", {"amount": 0.4}), ("l1_unstructured", {"amount": 0.5})],
    "columns": [("ln_structured", {"amount": 2, "n": 2, "dim": 1})],
    "rows by the largest": [("ln_structured", {"amount": 0.5, "n": math.inf, "dim": 0})],
    "columns twice": [("ln_structured", {"amount": 1, "n": 1, "dim": -1})] * 2,
    "entries, then rows": [("l1_unstructured", {"amount": 7}), ("ln_structured", {"amount": 1, "n": 2, "dim": 0})],
    "rows, then entries": [("ln_structured", {"amount": 1, "n": 2, "dim": 0}), ("l1_unstructured", {"amount": 0.3})],
    "nothing": [("identity", {})],
    "nothing, then some": [("identity", {}), ("l1_unstructured", {"amount": 0.3})],
}


@pytest.mark.parametrize("name", PRUNING)
def test_pruning(name):
    ours, theirs = twins(lambda: nn.Linear(6, 4), lambda: torch.nn.Linear(6, 4), "float64")
    for function, options in PRUNING[name]:
        getattr(prune, function)(ours, "weight", **options)
        getattr(torch_prune, function)(theirs, "weight", **options)
        near("mask", ours.weight_mask, theirs.weight_mask, 0)
        near("weight", ours.weight, theirs.weight, 0)
    assert prune.is_pruned(ours) == torch_prune.is_pruned(theirs)
    same_run(ours, theirs, real(5, 6))
    prune.remove(ours, "weight")
    torch_prune.remove(theirs, "weight")
    same_run(ours, theirs, real(5, 6))


def test_pruning_with_scores_and_a_mask():
    ours, theirs = twins(lambda: nn.Linear(6, 4), lambda: torch.nn.Linear(6, 4))
    scores = real(4, 6)
    prune.l1_unstructured(ours, "weight", 9, importance_scores=scores)
    torch_prune.l1_unstructured(theirs, "weight", 9, importance_scores=torch.tensor(scores))
    near("mask", ours.weight_mask, theirs.weight_mask, 0)
    mask = RNG.integers(0, 2, (4, 6)).astype("float32")
    prune.custom_from_mask(ours, "weight", mask)
    torch_prune.custom_from_mask(theirs, "weight", torch.tensor(mask))
    near("mask", ours.weight_mask, theirs.weight_mask, 0)


def test_pruning_globally():
    ours, theirs = twins(
        lambda: nn.MLP([4, 5, 3], activation=nn.Tanh),
        lambda: torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Tanh(), torch.nn.Linear(5, 3)),
    )
    for amount in (0.3, 6):
        names = [(0, "weight"), (2, "weight"), (2, "bias")]
        prune.global_unstructured([(ours[i], name) for i, name in names], prune.L1Unstructured, amount=amount)
        torch_prune.global_unstructured(
            [(theirs[i], name) for i, name in names], torch_prune.L1Unstructured, amount=amount
        )
        for key, value in theirs.state_dict().items():
            near(key, ours.state_dict()[key], value, 0)


@pytest.mark.parametrize(("amount", "dim"), [(0.5, None), (3, None), (1, 0), (0.5, 1)])
def test_random_pruning_prunes_as_many(amount, dim):
    ours, theirs = nn.Linear(6, 4), torch.nn.Linear(6, 4)
    if dim is None:
        prune.random_unstructured(ours, "weight", amount)
        torch_prune.random_unstructured(theirs, "weight", amount)
    else:
        prune.random_structured(ours, "weight", amount, dim)
        torch_prune.random_structured(theirs, "weight", amount, dim)
    assert ours.weight_mask.sum().item() == theirs.weight_mask.sum().item()
    for axis in (0, 1):
        a = sorted(set(ours.weight_mask.sum(axis=axis).tolist()))
        if dim is not None:
            assert a == sorted(set(theirs.weight_mask.sum(dim=axis).tolist()))


# -- averaging -----------------------------------------------------------------------------------------------


class OurNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)
        self.register_buffer("mean", np.zeros(2, "float32"))
        self.register_buffer("count", np.int64(0))

    def forward(self, x):
        return self.layer(x) + self.mean


class TheirNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 2)
        self.register_buffer("mean", torch.zeros(2))
        self.register_buffer("count", torch.tensor(0))

    def forward(self, x):
        return self.layer(x) + self.mean


@pytest.mark.parametrize(
    ("options", "their_options"),
    [
        ({}, {}),
        ({"avg_fn": averaging.get_swa_avg_fn()}, {"avg_fn": swa_utils.get_swa_avg_fn()}),
        ({"avg_fn": averaging.get_ema_avg_fn(0.9)}, {"avg_fn": swa_utils.get_ema_avg_fn(0.9)}),
        ({"multi_avg_fn": averaging.get_ema_multi_avg_fn(0.9)}, {"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.9)}),
        ({"multi_avg_fn": averaging.get_swa_multi_avg_fn()}, {"multi_avg_fn": swa_utils.get_swa_multi_avg_fn()}),
        (
            {"multi_avg_fn": averaging.get_ema_multi_avg_fn(0.5), "use_buffers": True},
            {"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.5), "use_buffers": True},
        ),
    ],
)
def test_averaged_model(options, their_options):
    ours, theirs = twins(OurNet, TheirNet)
    a, b = averaging.AveragedModel(ours, **options), swa_utils.AveragedModel(theirs, **their_options)
    for step in range(5):
        state = {
            key: np.asarray(4 * step if value.dtype.kind == "i" else RNG.standard_normal(value.shape), value.dtype)
            for key, value in ours.state_dict().items()
        }
        ours.load_state_dict(state)
        theirs.load_state_dict({key: torch.tensor(value) for key, value in state.items()})
        a.update_parameters(ours)
        b.update_parameters(theirs)
        assert list(a.state_dict()) == list(b.state_dict())
        for (key, p), q in zip(a.state_dict().items(), b.state_dict().values()):
            near(key, p, q, 1e-6)
    x = real(4, 3).astype("float32")
    near("output", a(x), b(torch.tensor(x)), 1e-5)
    loaded = copy.deepcopy(a)
    loaded.load_state_dict({key: value.numpy() for key, value in b.state_dict().items()})
    assert loaded.n_averaged.item() == 5


@pytest.mark.parametrize("momentum", [0.1, None])
def test_update_bn(momentum):
    ours, theirs = twins(
        lambda: nn.Sequential(nn.Conv2d(2, 3, 2), nn.BatchNorm2d(3, momentum=momentum), nn.Flatten()),
        lambda: torch.nn.Sequential(
            torch.nn.Conv2d(2, 3, 2), torch.nn.BatchNorm2d(3, momentum=momentum), torch.nn.Flatten()
        ),
    )
    batches = [real(4, 2, 5, 5).astype("float32") for _ in range(3)]
    a, b = averaging.AveragedModel(ours), swa_utils.AveragedModel(theirs)
    a.update_parameters(ours)
    b.update_parameters(theirs)
    a(batches[0])
    b(torch.tensor(batches[0]))
    averaging.update_bn([(batch, 1) for batch in batches], a)
    swa_utils.update_bn([(torch.tensor(batch), 1) for batch in batches], b)
    for (key, p), (its_key, q) in zip(a.state_dict().items(), b.state_dict().items(), strict=True):
        assert key == its_key
        near(key, p, q, 1e-5)
    near("output", a.eval()(batches[0]), b.eval()(torch.tensor(batches[0])), 1e-5)
