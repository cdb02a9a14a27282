"""Losses against PyTorch: functions and modules, all arguments, kinks, extremes, and errors in both."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional as F

from .beside_torch import Case, compare
from .modules_beside_torch import ModuleCase, compare_modules

torch = pytest.importorskip("torch")
tnn, tF = torch.nn, torch.nn.functional
RNG = np.random.default_rng(41)

X = RNG.standard_normal((4, 3))
Y = RNG.standard_normal((4, 3))
P = RNG.uniform(0.05, 0.95, (4, 3))
Q = RNG.uniform(0.05, 0.95, (4, 3))
SIGNS = RNG.choice([-1.0, 1.0], (4, 3))
ROW_SIGNS = np.array([1.0, -1.0, 1.0, -1.0])
COUNTS = np.array([[0.0, 1.0, 2.0], [3.0, 0.0, 7.0], [1.0, 1.0, 5.0], [4.0, 2.0, 0.0]])
WEIGHT = RNG.uniform(0.5, 2.0, (4, 3))
PER_CLASS = np.array([1.0, 2.0, 0.5])
CLASSES = np.array([2, 0, 1, 0])
LABELS = np.array([[1, 0, -1], [2, -1, 0], [-1, 1, 2], [0, 1, 2]])
Z = RNG.standard_normal((4, 3))

REDUCTIONS = ("mean", "sum", "none")


def as_tensors(options, dtype=None):
    return {key: torch.tensor(x, dtype=dtype) if isinstance(x, np.ndarray) else x for key, x in options.items()}


# name, inputs, positions of inputs that are not differentiated, variants of other arguments
FUNCTIONS = [
    ("mse_loss", (X, Y), (), [{}, dict(weight=WEIGHT)]),
    ("l1_loss", (X, Y), (), [{}, dict(weight=WEIGHT)]),
    ("huber_loss", (X, Y), (), [{}, dict(delta=0.5), dict(delta=2.0, weight=WEIGHT)]),
    ("smooth_l1_loss", (X, Y), (), [{}, dict(beta=0.5), dict(beta=2.0), dict(beta=0.0)]),
    ("poisson_nll_loss", (X, COUNTS), (1,), [{}, dict(full=True)]),
    ("poisson_nll_loss", (P, COUNTS + 0.3), (), [dict(log_input=False), dict(log_input=False, eps=1e-3, full=True)]),
    ("gaussian_nll_loss", (X, Y, P), (), [{}, dict(full=True), dict(eps=0.5)]),
    ("gaussian_nll_loss", (X, Y, P[:, :1]), (), [{}]),
    ("gaussian_nll_loss", (X, Y, P[:, 0]), (), [dict(full=True, eps=0.4)]),
    ("gaussian_nll_loss", (X, Y, P[:1]), (), [{}]),
    ("kl_div", (X, Q), (), [{}, dict(log_target=True)]),
    ("binary_cross_entropy", (P, Q), (), [{}, dict(weight=WEIGHT), dict(weight=PER_CLASS)]),
    ("binary_cross_entropy_with_logits", (X, Q), (), [{}, dict(weight=WEIGHT), dict(pos_weight=PER_CLASS)]),
    (
        "binary_cross_entropy_with_logits",
        (X, Q),
        (),
        [dict(weight=PER_CLASS, pos_weight=WEIGHT), dict(pos_weight=np.array(2.0))],
    ),
    ("margin_ranking_loss", (X, Y, SIGNS), (2,), [{}, dict(margin=0.5)]),
    ("hinge_embedding_loss", (X, SIGNS), (1,), [{}, dict(margin=0.3)]),
    ("soft_margin_loss", (X, SIGNS), (1,), [{}]),
    ("cosine_embedding_loss", (X, Y, ROW_SIGNS), (2,), [{}, dict(margin=-0.5)]),
    ("cosine_embedding_loss", (X[0], Y[0], np.array(-1.0)), (2,), [{}, dict(margin=-0.9)]),
    ("multi_margin_loss", (X, CLASSES), (), [{}, dict(p=2, margin=0.3), dict(weight=PER_CLASS), dict(margin=3.0)]),
    ("multi_margin_loss", (X[0], np.array(1)), (), [{}, dict(p=2, weight=PER_CLASS)]),
    ("multilabel_margin_loss", (X, LABELS), (), [{}]),
    ("multilabel_margin_loss", (X[0], LABELS[0]), (), [{}]),
    ("multilabel_soft_margin_loss", (X, Q), (), [{}, dict(weight=PER_CLASS)]),
    ("multilabel_soft_margin_loss", (X[0], Q[0]), (), [{}]),
    ("triplet_margin_loss", (X, Y, Z), (), [{}, dict(margin=2.0, p=1.0, eps=1e-3), dict(swap=True, p=3.0)]),
    ("triplet_margin_loss", (X[0], Y[0], Z[0]), (), [dict(margin=5.0)]),
    ("triplet_margin_with_distance_loss", (X, Y, Z), (), [{}, dict(margin=2.0, swap=True)]),
    ("nll_loss", (X, CLASSES), (), [{}, dict(weight=PER_CLASS), dict(ignore_index=0, weight=PER_CLASS)]),
    ("nll_loss", (X[0], np.array(1)), (), [{}, dict(weight=PER_CLASS)]),
    ("nll_loss", (RNG.standard_normal((2, 3, 4)), RNG.integers(0, 3, (2, 4))), (), [{}, dict(ignore_index=1)]),
    (
        "nll_loss",
        (RNG.standard_normal((2, 3, 2, 2)), RNG.integers(0, 3, (2, 2, 2))),
        (),
        [{}, dict(weight=PER_CLASS, ignore_index=2)],
    ),
]
ONCE = {"multi_margin_loss", "multilabel_margin_loss"}  # PyTorch has no second derivative


def function_cases():
    for name, inputs, constants, variants in FUNCTIONS:
        reductions = (*REDUCTIONS, "batchmean") if name == "kl_div" else REDUCTIONS
        for options, reduction in itertools.product(variants, reductions):
            options = {**options, "reduction": reduction}
            if name in ("nll_loss", "multi_margin_loss"):
                constants = [1]
            shapes = ", ".join(str(x.shape) for x in inputs)
            text = ", ".join(f"{key}={getattr(value, 'shape', value)}" for key, value in options.items())

            def theirs(*t, name=name, options=options):
                options = {
                    k: torch.tensor(v).to(t[0].dtype) if isinstance(v, np.ndarray) else v for k, v in options.items()
                }
                return getattr(tF, name)(*t, **options)

            def ours(*t, name=name, options=options):
                return getattr(F, name)(*t, **options)

            order = 1 if name in ONCE else 2
            yield Case(name, theirs, inputs, ours, order=order, constants=constants, label=f"{name} {shapes}; {text}")


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", list(function_cases()), ids=str)
def test_functions(case, dtype):
    compare(case, dtype)


# -- cross-entropy -----------------------------------------------------------------------------------------


CROSS_ENTROPIES = [
    (shape, kind, smoothing, weighted, ignore_index, reduction)
    for shape in [(3,), (6, 3), (4, 3, 5), (2, 3, 4, 2)]
    for kind, ignore_index in [("classes", -100), ("classes", 1), ("classes", 255), ("probabilities", -100)]
    for smoothing in (0.0, 0.3)
    for weighted in (False, True)
    for reduction in REDUCTIONS
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("shape", "kind", "smoothing", "weighted", "ignore_index", "reduction"), CROSS_ENTROPIES, ids=str
)
def test_cross_entropy(shape, kind, smoothing, weighted, ignore_index, reduction, dtype):
    axis = 0 if len(shape) == 1 else 1
    places = shape[:axis] + shape[axis + 1 :]
    rng = np.random.default_rng(len(shape))
    x = rng.standard_normal(shape)
    if kind == "probabilities":
        target = np.moveaxis(rng.dirichlet(np.ones(3), places), -1, axis)
    else:
        target = np.asarray(rng.integers(0, 3, places))
        if ignore_index == 255:
            target = np.where(rng.uniform(size=places) < 0.3, 255, target)
    options = dict(ignore_index=ignore_index, reduction=reduction, label_smoothing=smoothing)

    def theirs(x, y):
        weight = torch.tensor(PER_CLASS, dtype=x.dtype) if weighted else None
        return tF.cross_entropy(x, y, weight=weight, **options)

    def ours(x, y):
        return F.cross_entropy(x, y, weight=PER_CLASS if weighted else None, **options)

    compare(Case(f"cross entropy {kind}", theirs, (x, target), ours), dtype)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("places", [(), (2,), (2, 2)])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_linear_cross_entropy(places, bias, reduction):
    rng = np.random.default_rng(5)
    inputs = [rng.standard_normal((4, 3)), rng.standard_normal((5, *places, 3)), rng.integers(0, 5, (4, *places))]
    if bias:
        inputs.append(rng.standard_normal((5, *places)))

    def call(function):
        return lambda x, w, y, *b: function(x, w, y, linear_bias=b[0] if b else None, reduction=reduction)

    compare(Case("linear", call(tF.linear_cross_entropy), inputs, call(F.linear_cross_entropy)), "float64")


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
def test_the_mean_of_nothing_is_nan_in_both(name):
    x = np.zeros((2, 3))
    y = np.array([-100, -100])
    ours, theirs = ag.Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    a, b = getattr(F, name)(ours, y), getattr(tF, name)(theirs, torch.tensor(y))
    assert np.isnan(a.item())
    assert np.isnan(b.item())


# -- kinks and extremes ---------------------------------------------------------------------------------------

LARGE = np.array([0.0, -0.0, 1e-8, 1.0, -1.0, 0.5, -0.5, 30.0, -30.0, 100.0, -100.0, 1e4, -1e4])


KINKS = [
    ("mse_loss", {}, 2, (0.0, 1.0)),
    ("l1_loss", {}, 2, (0.0, 1.0, -1.0)),
    ("huber_loss", {}, 2, (0.0, 1.0, 0.5, -1.0)),
    ("huber_loss", dict(delta=0.5), 2, (0.0, 1.0, 0.5, -1.0)),
    ("smooth_l1_loss", {}, 2, (0.0, 1.0, 0.5, -1.0)),
    ("smooth_l1_loss", dict(beta=0.5), 2, (0.0, 1.0, 0.5, -1.0)),
    ("binary_cross_entropy_with_logits", {}, 2, (0.0, 1.0, 0.5)),
    ("binary_cross_entropy_with_logits", dict(pos_weight=3.0), 2, (0.0, 1.0, 0.5)),
    ("hinge_embedding_loss", {}, 1, (1.0, -1.0)),
    ("hinge_embedding_loss", dict(margin=0.5), 1, (1.0, -1.0)),
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("name", "options", "order", "y"), [(*case[:3], y) for case in KINKS for y in case[3]], ids=str
)
def test_kinks_and_extremes(name, options, order, y, dtype):
    def theirs(x):
        more = {key: torch.tensor(v, dtype=x.dtype) if key == "pos_weight" else v for key, v in options.items()}
        return getattr(tF, name)(x, torch.full_like(x, y), reduction="none", **more)

    def ours(x):
        return getattr(F, name)(x, np.full(x.shape, y), reduction="none", **options)

    compare(Case(name, theirs, (LARGE,), ours, order=order), dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_probabilities_zero_and_one(dtype):
    x, y = (a.ravel() for a in np.meshgrid([0.0, 1.0, 1e-30, 0.5, 1 - 1e-7], [0.0, 1.0, 0.3]))

    def theirs(x, y):
        return tF.binary_cross_entropy(x, y, reduction="none")

    def ours(x, y):
        return F.binary_cross_entropy(x, y, reduction="none")

    compare(Case("bce", theirs, (x, y), ours, order=1, constants=(1,)), dtype)
    # With respect to the target PyTorch's gradient is infinite at 0 and 1, though the loss is bounded there.
    inside = (x > 1e-20) & (x < 1 - 1e-9)
    compare(Case("bce", theirs, (x[inside], y[inside]), ours, order=1, constants=(0,)), "float64")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("scale", [1e2, 1e4])
def test_cross_entropy_at_extremes(scale, dtype):
    x = scale * np.array([[1.0, -1.0, 0.0], [0.5, 0.5, -1.0], [-1.0, -1.0, -1.0], [0.0, 1.0, 1.0]])
    for y in (CLASSES, Q / Q.sum(axis=1, keepdims=True)):
        compare(Case("cross entropy", tF.cross_entropy, (x, y), F.cross_entropy, constants=(1,)), dtype)


@pytest.mark.parametrize("log_target", [False, True])
def test_kl_divergence_of_zeros(log_target):
    y = np.array([0.0, 0.5, 0.5, 1.0])
    y = np.array([-50.0, -1.0, -1.0, 0.0]) if log_target else y
    compare(
        Case(
            "kl_div",
            lambda x: tF.kl_div(x, torch.tensor(y), reduction="sum", log_target=log_target),
            (np.array([-1e4, -1.0, 0.0, -0.5]),),
            lambda x: F.kl_div(x, y, reduction="sum", log_target=log_target),
        ),
        "float64",
    )


def test_gaussian_variances_below_eps_get_a_gradient_in_both():
    inputs = (X[0], Y[0], np.array([0.0, 1e-9, 0.5]))
    compare(Case("gaussian", tF.gaussian_nll_loss, inputs, F.gaussian_nll_loss, order=1), "float64")


def test_hinges_at_their_kinks():
    a, b = np.array([1.0, 2.0, 0.5]), np.array([0.5, 2.0, 1.0])

    def ranking(function, signs):
        return lambda p, q: function(p, q, signs, margin=0.5, reduction="none")

    for sign in (1.0, -1.0):
        y = np.full(3, sign)
        theirs = ranking(tF.margin_ranking_loss, torch.tensor(y))
        compare(Case("ranking", theirs, (a, b), ranking(F.margin_ranking_loss, y)), "float64")
    scores = np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 1.0]])
    y = np.array([0, 1])

    def margins(function, classes, power):
        return lambda x: function(x, classes, p=power, reduction="none")

    for p in (1, 2):
        theirs = margins(tF.multi_margin_loss, torch.tensor(y), p)
        compare(Case("margin", theirs, (scores,), margins(F.multi_margin_loss, y, p), order=1), "float64")
    labels = np.array([[0, -1, 1], [2, 1, -1]])
    compare(
        Case(
            "multilabel_margin",
            lambda x: tF.multilabel_margin_loss(x, torch.tensor(labels), reduction="none"),
            (scores,),
            lambda x: F.multilabel_margin_loss(x, labels, reduction="none"),
            order=1,
        ),
        "float64",
    )
    same = np.ones((1, 2))
    compare(Case("triplet", tF.triplet_margin_loss, (same, same, same), F.triplet_margin_loss, order=1), "float64")
    zero = np.zeros((2, 3))
    compare(
        Case(
            "cosine",
            lambda p, q: tF.cosine_embedding_loss(p, q, torch.tensor([1.0, -1.0])),
            (zero, X[:2]),
            lambda p, q: F.cosine_embedding_loss(p, q, [1.0, -1.0]),
            order=1,
        ),
        "float64",
    )


# -- connectionist temporal classification -----------------------------------------------------------------


def ctc_case(logits, targets, input_lengths, target_lengths, **options):
    """Both behind a log-softmax, since PyTorch's gradient is right only there."""

    def theirs(x):
        return tF.ctc_loss(tF.log_softmax(x, -1), torch.tensor(targets), input_lengths, target_lengths, **options)

    def ours(x):
        return F.ctc_loss(F.log_softmax(x, -1), targets, input_lengths, target_lengths, **options)

    return Case("ctc", theirs, (logits,), ours, order=1)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("blank", [0, 2, 5])
@pytest.mark.parametrize("concatenated", [False, True])
def test_ctc(concatenated, blank, reduction, dtype):
    rng = np.random.default_rng(blank)
    logits = 2 * rng.standard_normal((12, 4, 6))
    lengths = np.array([4, 5, 1, 0])
    labels = np.setdiff1d(np.arange(6), [blank])
    rows = rng.choice(labels, (4, 5))
    rows[1, :5] = labels[[1, 1, 2, 1, 1]]
    targets = np.concatenate([row[:n] for row, n in zip(rows, lengths, strict=True)]) if concatenated else rows
    case = ctc_case(logits, targets, (12, 11, 8, 5), tuple(lengths.tolist()), blank=blank, reduction=reduction)
    compare(case, dtype)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_ctc_of_one_sequence(reduction):
    logits = RNG.standard_normal((7, 5))
    compare(ctc_case(logits, np.array([1, 1, 3]), (7,), (3,), reduction=reduction), "float64")


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_ctc_of_impossible_targets(reduction):
    logits = RNG.standard_normal((3, 3, 4))
    targets = np.array([[1, 1, 1], [1, 2, 3], [1, 2, 2]])
    case = ctc_case(logits, targets, (3, 3, 2), (3, 3, 2), reduction=reduction, zero_infinity=True)
    compare(case, "float64")
    infinite = ctc_case(logits, targets, (3, 3, 2), (3, 3, 2), reduction="none")
    ours, theirs = infinite.ours(ag.tensor(logits)), infinite.theirs(torch.tensor(logits))
    np.testing.assert_allclose(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("scale", [50.0, 1e4])
def test_ctc_at_extremes(scale):
    logits = scale * RNG.standard_normal((9, 2, 4))
    compare(ctc_case(logits, np.array([[1, 2, 2], [3, 0, 0]]), (9, 9), (3, 1), reduction="sum"), "float64")


def test_ctc_of_long_sequences():
    rng = np.random.default_rng(2)
    logits = rng.standard_normal((300, 3, 20))
    targets = rng.integers(1, 20, (3, 80))
    compare(ctc_case(logits, targets, (300, 280, 300), (80, 75, 1)), "float64")


# -- modules -----------------------------------------------------------------------------------------------------

MODULES = [
    ("L1Loss", (X, Y), (), [{}]),
    ("MSELoss", (X, Y), (), [{}]),
    ("HuberLoss", (X, Y), (), [{}, dict(delta=0.5)]),
    ("SmoothL1Loss", (X, Y), (), [{}, dict(beta=0.5)]),
    ("PoissonNLLLoss", (X, COUNTS), (1,), [{}, dict(full=True)]),
    ("PoissonNLLLoss", (P, COUNTS), (1,), [dict(log_input=False, eps=1e-3)]),
    ("GaussianNLLLoss", (X, Y, P), (), [{}, dict(full=True, eps=0.5)]),
    ("KLDivLoss", (X, Q), (), [{}, dict(log_target=True)]),
    ("BCELoss", (P, Q), (), [{}, dict(weight=WEIGHT)]),
    ("BCEWithLogitsLoss", (X, Q), (), [{}, dict(weight=WEIGHT, pos_weight=PER_CLASS)]),
    ("MarginRankingLoss", (X, Y, SIGNS), (2,), [{}, dict(margin=0.5)]),
    ("HingeEmbeddingLoss", (X, SIGNS), (1,), [{}, dict(margin=0.3)]),
    ("SoftMarginLoss", (X, SIGNS), (1,), [{}]),
    ("CosineEmbeddingLoss", (X, Y, ROW_SIGNS), (2,), [{}, dict(margin=-0.5)]),
    ("MultiMarginLoss", (X, CLASSES), (), [{}, dict(p=2, margin=0.3, weight=PER_CLASS)]),
    ("MultiLabelMarginLoss", (X, LABELS), (), [{}]),
    ("MultiLabelSoftMarginLoss", (X, Q), (), [{}, dict(weight=PER_CLASS)]),
    ("TripletMarginLoss", (X, Y, Z), (), [{}, dict(margin=2.0, p=1.5, eps=1e-3, swap=True)]),
    ("TripletMarginWithDistanceLoss", (X, Y, Z), (), [{}, dict(margin=2.0, swap=True)]),
    ("NLLLoss", (X, CLASSES), (), [{}, dict(weight=PER_CLASS, ignore_index=0)]),
    ("CrossEntropyLoss", (X, CLASSES), (), [{}, dict(weight=PER_CLASS, ignore_index=0, label_smoothing=0.1)]),
    ("CrossEntropyLoss", (X, Q), (1,), [{}, dict(weight=PER_CLASS, label_smoothing=0.1)]),
]


def module_cases():
    for name, inputs, constants, variants in MODULES:
        reductions = (*REDUCTIONS, "batchmean") if name == "KLDivLoss" else REDUCTIONS
        for options, reduction in itertools.product(variants, reductions):
            options = {**options, "reduction": reduction}
            text = ", ".join(f"{key}={getattr(value, 'shape', value)}" for key, value in options.items())
            yield ModuleCase(
                lambda name=name, options=options: getattr(nn, name)(**options),
                lambda name=name, options=options: getattr(tnn, name)(**as_tensors(options)),
                inputs,
                constants,
                order=1 if name.removeprefix("Multi").endswith("MarginLoss") and name.startswith("Multi") else 2,
                label=f"{name}({text})",
            )
    for places, bias in itertools.product([(), (2,)], [False, True]):
        options = dict(out_features=places, bias=bias)
        yield ModuleCase(
            lambda options=options: nn.LinearCrossEntropyLoss(3, 5, **options),
            lambda options=options: tnn.LinearCrossEntropyLoss(3, 5, **options),
            (X, np.resize([4, 0, 2, 1, 1], (4, *places))),
            label=f"LinearCrossEntropyLoss({options})",
        )


CASES = list(module_cases())


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_modules(case, mode, dtype):
    compare_modules(case, dtype, mode)


@pytest.mark.parametrize("options", [{}, dict(blank=3, reduction="sum"), dict(reduction="none", zero_infinity=True)])
def test_ctc_module(options):
    logits = RNG.standard_normal((6, 2, 4))
    targets, input_lengths, target_lengths = np.array([[1, 2], [2, 2]]), np.array([6, 2]), np.array([2, 1])
    ours, theirs = nn.CTCLoss(**options), tnn.CTCLoss(**options)

    def mine(x):
        return ours(F.log_softmax(x, -1), targets, input_lengths, target_lengths)

    def its(x):
        arguments = (torch.tensor(a) for a in (targets, input_lengths, target_lengths))
        return theirs(tF.log_softmax(x, -1), *arguments)

    compare(Case("CTCLoss", its, (logits,), mine, order=1), "float64")


# -- errors ---------------------------------------------------------------------------------------------------------

REFUSED = [
    ("mse_loss", (X, Y), dict(reduction="total")),
    ("huber_loss", (X, Y), dict(delta=0.0)),
    ("smooth_l1_loss", (X, Y), dict(beta=-1.0)),
    ("binary_cross_entropy", (X + 5, Q), {}),
    ("binary_cross_entropy", (P, Q[:, :1]), {}),
    ("binary_cross_entropy_with_logits", (X, Q[:, :1]), {}),
    ("gaussian_nll_loss", (X, Y, -P), {}),
    ("gaussian_nll_loss", (X, Y, P[:, :2]), {}),
    ("cross_entropy", (X, np.array([0, 1, 2, 3])), {}),
    ("cross_entropy", (X, np.array([0, 1, 2])), {}),
    ("cross_entropy", (X, CLASSES), dict(label_smoothing=1.5)),
    ("cross_entropy", (X, CLASSES), dict(weight=np.ones(4))),
    ("cross_entropy", (X, Q), dict(ignore_index=1)),
    ("nll_loss", (X, np.array([0, 1, 2, -1])), {}),
    ("nll_loss", (X, CLASSES), dict(weight=np.ones(4))),
    ("multi_margin_loss", (X, CLASSES), dict(p=3)),
    ("multi_margin_loss", (X, np.array([0, 1, 2, 3])), {}),
    ("multilabel_margin_loss", (X, LABELS + 1), {}),
    ("multilabel_margin_loss", (X, LABELS[:, :2]), {}),
    ("triplet_margin_loss", (X, Y, Z), dict(margin=0.0)),
    ("cosine_embedding_loss", (X, Y, ROW_SIGNS[:3]), {}),
    ("margin_ranking_loss", (X, Y, ROW_SIGNS), {}),
    ("ctc_loss", (X[:, None], np.array([[1]]), np.array([5]), np.array([1])), {}),
    ("ctc_loss", (X[:, None], np.array([[1]]), np.array([4]), np.array([2])), {}),
    ("ctc_loss", (X[:, None], np.array([[1]]), np.array([4]), np.array([1])), dict(blank=3)),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_both_refuse(number):
    name, inputs, options = REFUSED[number]
    with pytest.raises((ValueError, RuntimeError, IndexError)):
        getattr(tF, name)(*(torch.tensor(x) for x in inputs), **as_tensors(options))
    with pytest.raises(ValueError, match=f"^{name}: expected .*, got .* To mend it: "):
        getattr(F, name)(*(ag.tensor(x) for x in inputs), **options)


def test_every_loss_of_torch_is_here():
    import torch.nn.modules.loss as losses

    deprecated = {"NLLLoss2d"}
    assert {name for name in losses.__all__ if not hasattr(nn, name)} == deprecated
    functions = {name for name in dir(tF) if name.endswith(("_loss", "cross_entropy")) or name == "kl_div"}
    assert {name for name in functions if not hasattr(F, name)} == set()
