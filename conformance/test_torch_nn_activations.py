"""Units, softmaxes and distances against PyTorch: functions and modules, all arguments, kinks and extremes."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional as F

from .beside_torch import Case, compare
from .modules_beside_torch import ModuleCase, compare_modules, copy_state

torch = pytest.importorskip("torch")
tnn, tF = torch.nn, torch.nn.functional
RNG = np.random.default_rng(31)

ANY = RNG.standard_normal((3, 4)) * 2.5
IMAGES = RNG.standard_normal((2, 4, 3, 2))
VECTOR = RNG.standard_normal(6)

# PyTorch keeps a constant of these, 1/alpha and 1/6, in float32.
ROUGH = ("celu", "hardsigmoid")

# name, keyword arguments, up to which order PyTorch has derivatives
UNITS = [
    ("relu", {}, 2),
    ("relu6", {}, 2),
    ("leaky_relu", {}, 2),
    ("leaky_relu", dict(negative_slope=0.3), 2),
    ("leaky_relu", dict(negative_slope=-1.0, inplace=False), 2),
    ("rrelu", {}, 2),
    ("rrelu", dict(lower=0.2, upper=0.5), 2),
    ("elu", {}, 2),
    ("elu", dict(alpha=0.7), 2),
    ("celu", {}, 2),
    ("celu", dict(alpha=0.5), 2),
    ("selu", {}, 2),
    ("threshold", dict(threshold=0.5, value=-3.0), 2),
    ("sigmoid", {}, 2),
    ("tanh", {}, 2),
    ("logsigmoid", {}, 2),
    ("hardtanh", {}, 2),
    ("hardtanh", dict(min_val=-0.5, max_val=2.0), 2),
    ("hardsigmoid", {}, 1),
    ("softsign", {}, 2),
    ("softplus", {}, 2),
    ("softplus", dict(beta=2.0, threshold=2.9), 2),
    ("gelu", {}, 2),
    ("gelu", dict(approximate="tanh"), 2),
    ("silu", {}, 2),
    ("mish", {}, 2),
    ("hardswish", {}, 2),
    ("glu", dict(dim=1), 2),
    ("glu", {}, 2),
    ("hardshrink", {}, 2),
    ("hardshrink", dict(lambd=1.5), 2),
    ("softshrink", {}, 2),
    ("softshrink", dict(lambd=1.5), 2),
    ("tanhshrink", {}, 2),
    ("softmax", dict(dim=0), 2),
    ("softmax", dict(dim=-1), 2),
    ("log_softmax", dict(dim=1), 2),
    ("softmin", dict(dim=1), 2),
    ("normalize", {}, 2),
    ("normalize", dict(p=1.0, dim=0), 2),
    ("normalize", dict(p=3.0, dim=-1, eps=10.0), 2),
    ("normalize", dict(p=float("inf")), 2),
    ("normalize", dict(dim=(0, 1)), 2),
]


def function_cases():
    for name, options, order in UNITS:
        for shape, x in (("matrix", ANY), ("images", IMAGES), ("vector", VECTOR)):
            if (shape == "vector" and (options.get("dim") or name == "normalize")) or (x is IMAGES and name == "glu"):
                continue
            text = ", ".join(f"{key}={value}" for key, value in options.items())
            yield Case(
                name,
                lambda t, name=name, options=options: getattr(tF, name)(t, **options),
                (x,),
                lambda t, name=name, options=options: getattr(F, name)(t, **options),
                order=order,
                tolerance=100 if name in ROUGH else 1,
                label=f"{name}({text}) of {shape}",
            )


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", list(function_cases()), ids=str)
def test_functions(case, dtype):
    compare(case, dtype)


PAIRS = [
    ("prelu", (ANY, np.array([0.3])), {}),
    ("prelu", (ANY, RNG.standard_normal(4)), {}),
    ("prelu", (IMAGES, RNG.standard_normal(4)), {}),
    ("prelu", (VECTOR, np.array([0.3])), {}),
    ("cosine_similarity", (ANY, ANY[::-1] + 0.3), {}),
    ("cosine_similarity", (IMAGES, IMAGES[:1] + 0.3), dict(dim=2, eps=1e-3)),
    ("cosine_similarity", (VECTOR, VECTOR[::-1]), dict(dim=0)),
    ("pairwise_distance", (ANY, ANY[::-1]), {}),
    ("pairwise_distance", (ANY, ANY[0]), dict(p=1.0, eps=1e-3, keepdim=True)),
    ("pairwise_distance", (VECTOR, VECTOR[::-1]), dict(p=3.0)),
    ("pairwise_distance", (ANY, ANY[::-1]), dict(p=float("inf"))),
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("number", range(len(PAIRS)))
def test_functions_of_two(number, dtype):
    name, inputs, options = PAIRS[number]
    compare(
        Case(name, lambda *t: getattr(tF, name)(*t, **options), inputs, lambda *t: getattr(F, name)(*t, **options)),
        dtype,
    )


@pytest.mark.parametrize("p", [0.0, 1.0, 1.5, 2.0, 4.0, float("inf")])
def test_pdist(p):
    x = RNG.standard_normal((5, 3))
    order = 1 if p else 0  # PyTorch has no second derivative
    compare(Case("pdist", lambda t: tF.pdist(t, p), (x,), lambda t: F.pdist(t, p), order=order), "float64")


def test_pdist_of_equal_rows():
    x = np.ones((3, 2))
    compare(Case("pdist", tF.pdist, (x,), F.pdist, order=1), "float64")


@pytest.mark.parametrize("eps", [1e-8, 1e-3])
@pytest.mark.parametrize("scale", [0.0, 1e-10, 1e-5, 1e4])
def test_cosine_similarity_and_normalize_of_small_and_large_vectors(scale, eps):
    x = scale * RNG.standard_normal((3, 4))
    inputs = (x, ANY)
    compare(
        Case(
            "cosine",
            lambda a, b: tF.cosine_similarity(a, b, eps=eps),
            inputs,
            lambda a, b: F.cosine_similarity(a, b, eps=eps),
            order=1,
        ),
        "float64",
    )
    order = 2 if scale else 1  # PyTorch's second derivative at 0 is NaN
    compare(
        Case("normalize", lambda a: tF.normalize(a, eps=eps), (x,), lambda a: F.normalize(a, eps=eps), order=order),
        "float64",
    )


# -- kinks, where one-sided derivatives differ, and extremes -------------------------------------------------

SPECIAL = np.array(
    [0.0, -0.0, 1, -1, 0.5, -0.5, 1.5, -1.5, 3, -3, 6, 2, -2, 20, -20, 40, -40, 1e4, -1e4, 1e10, -1e10, 1e-30, -1e-30]
)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("name", "options", "order"), [unit for unit in UNITS if unit[0] not in ("glu", "normalize")], ids=str
)
def test_kinks_and_extremes(name, options, order, dtype):
    options = {**options, "dim": 0} if "dim" in options else options
    x = SPECIAL.astype(dtype)
    ours, theirs = ag.Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    out, its_out = getattr(F, name)(ours, **options), getattr(tF, name)(theirs, **options)
    pairs = [(out, its_out)]
    for _ in range(order):
        if not pairs[-1][1].requires_grad:
            break
        mine, its = pairs[-1]
        (its_next,) = torch.autograd.grad(its, theirs, torch.ones_like(its), create_graph=True, allow_unused=True)
        if its_next is None:
            break
        (next_,) = ag.gradients(mine, ours, np.ones_like(x), create_graph=True) if mine.requires_grad else (None,)
        pairs.append((ag.zeros_like(ours) if next_ is None else next_, its_next))
    tolerance = {"float64": 1e-9, "float32": 4e-6}[dtype] * (100 if name in ROUGH else 1)
    for number, (a, b) in enumerate(pairs):
        a, b = a.detach().numpy(), b.detach().numpy()
        assert a.dtype == dtype
        known = ~np.isnan(b)  # PyTorch's second derivative of mish overflows
        assert known.all() or (name, number) == ("mish", 2)
        np.testing.assert_allclose(
            a[known], b[known], rtol=tolerance, atol=3e-9 if name == "softplus" else tolerance, err_msg=f"{number}"
        )
        assert not np.isnan(a).any()


# -- modules ------------------------------------------------------------------------------------------------

MODULES = [
    ("ReLU", {}),
    ("ReLU", dict(inplace=False)),
    ("ReLU6", {}),
    ("LeakyReLU", {}),
    ("LeakyReLU", dict(negative_slope=0.3)),
    ("PReLU", {}),
    ("PReLU", dict(num_parameters=4, init=0.1)),
    ("RReLU", {}),
    ("RReLU", dict(lower=0.1, upper=0.1)),
    ("ELU", dict(alpha=0.7)),
    ("ELU", {}),
    ("CELU", {}),
    ("CELU", dict(alpha=0.5)),
    ("SELU", {}),
    ("Threshold", dict(threshold=0.5, value=-3.0)),
    ("Sigmoid", {}),
    ("Tanh", {}),
    ("LogSigmoid", {}),
    ("Hardtanh", {}),
    ("Hardtanh", dict(min_val=-0.5, max_val=2.0)),
    ("Hardsigmoid", {}),
    ("Softsign", {}),
    ("Softplus", {}),
    ("Softplus", dict(beta=2.0, threshold=3.0)),
    ("GELU", {}),
    ("GELU", dict(approximate="tanh")),
    ("SiLU", {}),
    ("Mish", {}),
    ("Hardswish", {}),
    ("GLU", {}),
    ("GLU", dict(dim=1)),
    ("Hardshrink", {}),
    ("Hardshrink", dict(lambd=1.5)),
    ("Softshrink", {}),
    ("Softshrink", dict(lambd=1.5)),
    ("Tanhshrink", {}),
    ("Softmax", dict(dim=1)),
    ("Softmin", dict(dim=0)),
    ("LogSoftmax", dict(dim=-1)),
    ("Softmax2d", {}),
]


def module_cases():
    for name, options in MODULES:
        for x in (ANY, IMAGES):
            if name == "Softmax2d" and x is ANY:
                continue
            random = name == "RReLU" and "lower" not in options
            yield ModuleCase(
                lambda name=name, options=options: getattr(nn, name)(**options),
                lambda name=name, options=options: getattr(tnn, name)(**options),
                (x if name != "GLU" else x[..., :2],),
                order=1 if name == "Hardsigmoid" else 2,
                modes=("eval",) if random else ("train", "eval"),
                tolerance=100 if name.lower() in ROUGH else 1,
                label=f"{name}({options}) of {x.ndim} axes",
            )
    for options in ({}, dict(dim=0, eps=1e-3)):
        yield ModuleCase(
            lambda options=options: nn.CosineSimilarity(**options),
            lambda options=options: tnn.CosineSimilarity(**options),
            (ANY, ANY[::-1].copy()),
            label=f"CosineSimilarity({options})",
        )
    for options in ({}, dict(p=1.0, eps=1e-3, keepdim=True)):
        yield ModuleCase(
            lambda options=options: nn.PairwiseDistance(**options),
            lambda options=options: tnn.PairwiseDistance(**options),
            (ANY, ANY[::-1].copy()),
            order=1 if "p" in options else 2,
            label=f"PairwiseDistance({options})",
        )


CASES = list(module_cases())


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_modules(case, mode, dtype):
    if mode in case.modes:
        compare_modules(case, dtype, mode)


def test_random_slopes_have_pytorchs_distribution():
    x = -np.ones((100, 100))
    ours = nn.RReLU(0.2, 0.6)(x).numpy()
    theirs = tnn.RReLU(0.2, 0.6)(torch.tensor(x)).numpy()
    for out in (ours, theirs):
        assert -0.6 <= out.min() < -0.59
        assert -0.21 < out.max() <= -0.2
        assert abs(out.mean() + 0.4) < 0.01


def test_gumbel_noise_has_pytorchs_distribution():
    logits = np.tile(np.log([0.1, 0.2, 0.7]), (20000, 1))
    ours = F.gumbel_softmax(ag.tensor(logits), tau=0.5, hard=True).numpy()
    theirs = tF.gumbel_softmax(torch.tensor(logits), tau=0.5, hard=True).numpy()
    np.testing.assert_allclose(ours.mean(axis=0), theirs.mean(axis=0), atol=0.02)
    ours = F.gumbel_softmax(ag.tensor(logits), tau=2.0).numpy()
    theirs = tF.gumbel_softmax(torch.tensor(logits), tau=2.0).numpy()
    np.testing.assert_allclose(ours.mean(axis=0), theirs.mean(axis=0), atol=0.02)
    np.testing.assert_allclose(ours.std(axis=0), theirs.std(axis=0), atol=0.02)


@pytest.mark.parametrize("classes", [-1, 5])
def test_one_hot(classes):
    indices = RNG.integers(0, 4, (2, 3))
    ours, theirs = F.one_hot(indices, classes), tF.one_hot(torch.tensor(indices), classes)
    np.testing.assert_array_equal(ours, theirs.numpy())
    assert ours.dtype == theirs.numpy().dtype


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("options", [{}, dict(div_value=2.0, head_bias=True)])
@pytest.mark.parametrize("cutoffs", [[4, 9], [1], [2, 5, 11]])
@pytest.mark.parametrize("batch", [None, 1, 7])
def test_adaptive_log_softmax(batch, cutoffs, options, mode):
    x = RNG.standard_normal((64,) if batch is None else (batch, 64))
    y = np.array(11) if batch is None else RNG.permutation(12)[:batch]
    compare_modules(
        ModuleCase(
            lambda: nn.AdaptiveLogSoftmaxWithLoss(64, 12, cutoffs, **options),
            lambda: tnn.AdaptiveLogSoftmaxWithLoss(64, 12, cutoffs, **options),
            (x, y),
            label=f"adaptive {batch} {cutoffs} {options}",
        ),
        "float64",
        mode,
    )


def test_log_prob_and_predict_of_adaptive_log_softmax():
    ours = nn.AdaptiveLogSoftmaxWithLoss(64, 12, [3, 7]).double()
    theirs = tnn.AdaptiveLogSoftmaxWithLoss(64, 12, [3, 7]).double()
    copy_state(ours, theirs, np.random.default_rng(3))
    for scale in (0.1, 10.0):
        x = scale * RNG.standard_normal((40, 64))
        np.testing.assert_allclose(
            ours.log_prob(x).detach().numpy(), theirs.log_prob(torch.tensor(x)).detach().numpy(), atol=1e-12
        )
        np.testing.assert_array_equal(ours.predict(x).numpy(), theirs.predict(torch.tensor(x)).numpy())


def test_every_unit_of_torch_is_here():
    import torch.nn.modules.activation as activations
    import torch.nn.modules.distance as distances

    names = {*activations.__all__, *distances.__all__, "AdaptiveLogSoftmaxWithLoss"} - {"MultiheadAttention"}
    assert {name for name in names if not hasattr(nn, name)} == set()
