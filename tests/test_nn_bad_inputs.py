"""Every input of every module of ``nn``, changed so that it should not fit: refused in clear words, or meant."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import pytest

import nn
from nn import functional as F

from .nn_modules import MODULES

NAMES = [name for name in MODULES if name not in ("RNNBase", "RNNCellBase")]  # these have no forward


def variants(x: Any) -> Iterator[tuple[str, Any]]:
    """An input with other axes, lengths and dtypes, and things that are no input."""
    yield "scalar", x.reshape(-1)[0]
    yield "fewer axes", x[0]
    yield "flat", x.reshape(-1)
    yield "one more axis", x[None]
    yield "two more axes", x[None, None]
    for axis in range(x.ndim):
        yield f"longer axis {axis}", np.concatenate([x, np.take(x, [0], axis=axis)], axis=axis)
        yield f"empty axis {axis}", np.take(x, [], axis=axis)
    if x.dtype.kind == "f":
        yield "integers", np.ones(x.shape, np.int64)
        yield "complex", x.astype(np.complex64)
    else:
        yield "floats", x + 0.5
        yield "too large", x + 100
        yield "negative", x - 50
    yield "booleans", x > 0
    yield "None", None
    yield "string", "abc"
    yield "strings", np.full(x.shape, "abc")
    yield "objects", np.full(x.shape, None, object)
    yield "ragged", [[1.0], [1.0, 2.0]]
    yield "module", nn.ReLU()


def called(name: str, position: int, value: Any) -> Any:
    """The module's output with another input in one place."""
    inputs = list(MODULES[name].inputs)
    inputs[position] = value
    return getattr(nn, name)(**MODULES[name].arguments)(*inputs)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore:InstanceNorm")
def test_inputs_that_do_not_fit_are_refused_in_clear_words(name):
    wrong = []
    for position, x in enumerate(MODULES[name].inputs):
        for kind, value in variants(x):
            try:
                called(name, position, value)
            except (TypeError, ValueError, IndexError) as error:
                if "To mend it" not in str(error) or not error.__notes__[0].startswith("In module"):
                    wrong.append(f"input {position}, {kind}: {type(error).__name__}: {error}")
    assert not wrong, "\n".join(wrong)


# What cannot be an input of any of them.
NONSENSE = ("None", "string", "strings", "objects", "ragged", "module")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_array_of_numbers_is_refused(name):
    for position, x in enumerate(MODULES[name].inputs):
        for kind, value in variants(x):
            optional = kind == "None" and (name, position) == ("Identity", 0)
            if kind in NONSENSE and not optional:
                with pytest.raises((TypeError, ValueError), match="To mend it"):
                    called(name, position, value)


# Axes of the first input whose length is fixed by the arguments of the module, counted from the end.
FIXED = {
    "Linear": -1,
    "Bilinear": -1,
    "Cosine": -1,
    "Maxout": -1,
    "RadialBasis": -1,
    "LayerNorm": -1,
    "RMSNorm": -1,
    "GRU": -1,
    "LSTM": -1,
    "RNN": -1,
    "???Cell": -1,
    "????Cell": -1,
    "MultiheadAttention": -1,
    "Transformer*": -1,
    "Conv*1d": -2,
    "Conv*2d": -3,
    "Conv*3d": -4,
    "BatchNorm1d": -2,
    "BatchNorm2d": -3,
    "BatchNorm3d": -4,
    "GroupNorm": -3,
    "AdaptiveLogSoftmaxWithLoss": -1,
    "LinearCrossEntropyLoss": -1,
}


@pytest.mark.parametrize("name", NAMES)
def test_other_numbers_of_features_or_channels_are_refused(name):
    axes = [axis for pattern, axis in FIXED.items() if fnmatchcase(name, pattern)]
    if not axes:
        return
    x = MODULES[name].inputs[0]
    axis = axes[0] % x.ndim
    for other in (np.concatenate([x, np.take(x, [0], axis=axis)], axis=axis), np.take(x, [0], axis=axis)):
        with pytest.raises(ValueError, match=r"expected .*\d"):
            called(name, 0, other)


LOSSES = [name for name in NAMES if name.endswith("Loss") and len(MODULES[name].inputs) > 1]


@pytest.mark.parametrize("name", LOSSES)
def test_targets_of_another_shape_are_refused(name):
    _, *targets = MODULES[name].inputs
    for position, target in enumerate(targets, 1):
        if name == "GaussianNLLLoss" and position == 2:
            continue  # one variance for all entries, or for a row
        for other in (target[..., None], target[:-1], np.concatenate([target, target])):
            with pytest.raises(ValueError, match="expected"):
                called(name, position, other)


CLASSES = {
    "CrossEntropyLoss": 4,
    "NLLLoss": 4,
    "MultiMarginLoss": 4,
    "LinearCrossEntropyLoss": 3,
    "AdaptiveLogSoftmaxWithLoss": 6,
}


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("index", [-1, -7, 1000])
def test_classes_that_do_not_exist_are_refused(name, index):
    target = MODULES[name].inputs[1].copy()
    for value in (index, CLASSES[name]):
        target[1] = value
        with pytest.raises(ValueError, match=rf"(class indices|targets).* from 0 to {CLASSES[name] - 1}.*{value}"):
            called(name, 1, target)
    with pytest.raises(TypeError, match="integer"):
        called(name, 1, MODULES[name].inputs[1] + 0.5)


REAL = [
    name
    for name in NAMES
    if fnmatchcase(name, "*Loss*") or fnmatchcase(name, "*Norm*") or fnmatchcase(name, "*Max*Pool?d") or "LU" in name
]


@pytest.mark.parametrize("name", [name for name in REAL if name not in ("SiLU",)])
def test_complex_numbers_are_refused_where_they_have_no_meaning(name):
    with pytest.raises(TypeError, match="complex64"):
        called(name, 0, MODULES[name].inputs[0].astype(np.complex64))


@pytest.mark.parametrize("name", ["InstanceNorm1d", "LayerNorm", "GroupNorm", "RMSNorm"])
def test_normalization_of_integers_gives_floats(name):
    options = {
        "InstanceNorm1d": {},
        "RMSNorm": {"elementwise_affine": False},
        "LayerNorm": {"elementwise_affine": False},
    }
    module = getattr(nn, name)(**{**MODULES[name].arguments, **options.get(name, {"affine": False})})
    x = np.arange(24).reshape(2, 4, 3) if name != "LayerNorm" and name != "RMSNorm" else np.arange(8).reshape(2, 4)
    np.testing.assert_allclose(module(x).detach(), module(x.astype(float)).detach())


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss"])
@pytest.mark.parametrize("shapes", [((3, 1), (3,)), ((3,), (3, 1)), ((2, 3), (3,)), ((), (1,))])
def test_a_loss_of_two_shapes_is_refused(name, shapes):
    with pytest.raises(ValueError, match=rf"{name}: expected a target of the input's shape"):
        getattr(F, name)(np.ones(shapes[0]), np.ones(shapes[1]))


EMPTY = [
    ("mse_loss", ()),
    ("l1_loss", ()),
    ("huber_loss", ()),
    ("smooth_l1_loss", ()),
    ("binary_cross_entropy", ()),
    ("binary_cross_entropy_with_logits", ()),
    ("kl_div", ()),
    ("poisson_nll_loss", ()),
    ("soft_margin_loss", ()),
    ("hinge_embedding_loss", ()),
    ("sigmoid_loss", ()),
    ("sum_squared_error", ("mean",)),
    ("rmse_loss", ()),
]


@pytest.mark.parametrize(("name", "options"), EMPTY)
@pytest.mark.parametrize("shape", [(0,), (0, 4)])
def test_the_mean_over_nothing_is_nan_without_a_warning(name, options, shape):
    out = getattr(F, name)(nn.Parameter(np.ones(shape)), np.ones(shape), *options)
    assert np.isnan(out.item())


@pytest.mark.parametrize("name", LOSSES)
def test_modules_of_an_empty_batch_do_not_warn(name):
    if name in ("CTCLoss", "AdaptiveLogSoftmaxWithLoss"):
        return
    inputs = [x[:0] for x in MODULES[name].inputs]
    out = getattr(nn, name)(**MODULES[name].arguments)(*inputs)
    assert np.isnan(out.item()) or name == "SumSquaredLoss"


X, ONES = np.array([-1.0, 0.5, 2.0]), np.ones((2, 2))
IMAGES = np.arange(12.0).reshape(1, 4, 3)
NUMBERS = {
    "leaky_relu.negative_slope": lambda v: F.leaky_relu(X, v),
    "elu.alpha": lambda v: F.elu(X, v),
    "celu.alpha": lambda v: F.celu(X, v),
    "threshold.threshold": lambda v: F.threshold(X, v, 0.0),
    "threshold.value": lambda v: F.threshold(X, 0.0, v),
    "hardtanh.min_val": lambda v: F.hardtanh(X, v, 1.0),
    "hardtanh.max_val": lambda v: F.hardtanh(X, -2.0, v),
    "hardshrink.lambd": lambda v: F.hardshrink(X, v),
    "softplus.threshold": lambda v: F.softplus(X, 1.0, v),
    "dropout.p": lambda v: F.dropout(X, v),
    "lp_pool1d.norm_type": lambda v: F.lp_pool1d(np.abs(X)[None], v, 2),
    "cosine_similarity.eps": lambda v: F.cosine_similarity(ONES, ONES, 1, v),
    "pairwise_distance.p": lambda v: F.pairwise_distance(ONES, ONES, v),
    "pdist.p": lambda v: F.pdist(ONES, v),
    "margin_ranking_loss.margin": lambda v: F.margin_ranking_loss(X, X, np.ones(3), v),
    "hinge_embedding_loss.margin": lambda v: F.hinge_embedding_loss(X, np.ones(3), v),
    "cosine_embedding_loss.margin": lambda v: F.cosine_embedding_loss(ONES, ONES, np.ones(2), v),
    "multi_margin_loss.margin": lambda v: F.multi_margin_loss(ONES, [0, 1], 1, v),
    "triplet_margin_loss.margin": lambda v: F.triplet_margin_loss(ONES, ONES, ONES, v),
    "huber_loss.delta": lambda v: F.huber_loss(X, X, "mean", v),
    "smooth_l1_loss.beta": lambda v: F.smooth_l1_loss(X, X, "mean", v),
    "batch_norm.eps": lambda v: F.batch_norm(IMAGES, None, None, training=True, eps=v),
    "layer_norm.eps": lambda v: F.layer_norm(IMAGES, 3, eps=v),
    "group_norm.eps": lambda v: F.group_norm(IMAGES, 2, eps=v),
    "instance_norm.eps": lambda v: F.instance_norm(IMAGES, eps=v),
    "local_response_norm.alpha": lambda v: F.local_response_norm(IMAGES, 2, alpha=v),
    "local_response_norm.beta": lambda v: F.local_response_norm(IMAGES, 2, beta=v),
    "local_response_norm.k": lambda v: F.local_response_norm(IMAGES, 2, k=v),
    "gumbel_softmax.tau": lambda v: F.gumbel_softmax(ONES, v),
    "cross_entropy.label_smoothing": lambda v: F.cross_entropy(ONES, [0, 1], label_smoothing=v),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_functions_name_the_argument_that_is_no_number(name):
    function, _, argument = name.partition(".")
    for value in ("0.5", None, [1.0], True):
        with pytest.raises(TypeError, match=rf"{function}.*{argument} to be a number"):
            NUMBERS[name](value)
    with pytest.raises(ValueError, match=argument):
        NUMBERS[name](float("nan"))
    NUMBERS[name](np.float32(0.5))


@pytest.mark.parametrize(
    "function",
    [F.softmax, F.log_softmax, F.softmin, F.glu, lambda x, dim: F.normalize(x, dim=dim)],
    ids=["softmax", "log_softmax", "softmin", "glu", "normalize"],
)
def test_functions_name_the_axis_that_is_none(function):
    with pytest.raises(IndexError, match="dim from -2 to 1"):
        function(np.ones((2, 2)), 2)
    with pytest.raises(TypeError, match="dim to be an integer"):
        function(np.ones((2, 2)), 1.0)


def test_interpolate_names_the_factor_that_is_no_number():
    for value in ("2", True, ["a"]):
        with pytest.raises(TypeError, match=r"interpolate.*scale_factor to be a number"):
            F.interpolate(IMAGES, scale_factor=value)
