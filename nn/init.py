"""Initial values of weights, written into a Parameter in place. Names and defaults as in PyTorch.

Every function fills the Tensor that it gets, whatever it requires, records nothing, and returns it. Those
that draw at random take ``generator``, a ``numpy.random.Generator``; where it is left out, the one that
``nn.manual_seed`` starts. A Tensor without elements is returned as it is.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.random import Generator

from autograd_core import Tensor
from autograd_core.errors import explain

from .random import default_generator
from .truncated_normal import truncated_normal

__all__ = [
    "calculate_gain",
    "constant_",
    "dirac_",
    "eye_",
    "fans",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]


def _write(tensor: Any, values: Any) -> Any:
    tensor.data = values
    return tensor


def _check(name: str, tensor: Any, kinds: str = "fc", axes: tuple[int, ...] = ()) -> None:
    """Raise unless ``tensor`` is a Tensor of one of these kinds of dtypes with one of these numbers of axes."""
    if not isinstance(tensor, Tensor):
        raise TypeError(
            explain(
                name,
                expected="a Tensor or Parameter to fill",
                got=type(tensor).__name__,
                remedy="pass module.weight, say",
            )
        )
    if tensor.dtype.kind not in kinds:
        raise TypeError(
            explain(
                name,
                expected="a Tensor of floating-point numbers",
                got=f"dtype {tensor.dtype}",
                remedy="make it with dtype='float32'",
            )
        )
    if axes and tensor.ndim not in axes:
        raise ValueError(
            explain(
                name,
                expected=f"a Tensor of {' or '.join(map(str, axes))} axes",
                got=f"shape {tensor.shape}",
                remedy="use another scheme for it",
            )
        )


def _require(name: str, holds: bool, expected: str, got: Any, remedy: str) -> None:
    if not holds:
        raise ValueError(explain(name, expected=expected, got=str(got), remedy=remedy))


def _source(name: str, generator: Any) -> Generator:
    """Where the draws come from."""
    if generator is None:
        return default_generator()
    if not isinstance(generator, Generator):
        raise TypeError(
            explain(
                name,
                expected="generator to be a numpy.random.Generator",
                got=repr(generator),
                remedy="pass numpy.random.default_rng(seed)",
            )
        )
    return generator


# -- values drawn, or equal, everywhere ----------------------------------------------------------------


def uniform_(tensor: Any, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Any:
    """Fill with draws from the uniform distribution on [a, b).

    Raises:
        TypeError: if it is no Tensor of floating-point numbers.
        ValueError: if b is below a.

    >>> import nn
    >>> w = nn.init.uniform_(nn.Parameter([0.0] * 4), -1, 1)
    >>> bool((abs(w.detach()) <= 1).all())
    True
    """
    _check("uniform_", tensor)
    _require("uniform_", a <= b, "a not above b", f"a={a}, b={b}", "exchange them")
    return _write(tensor, _source("uniform_", generator).uniform(a, b, tensor.shape))


def normal_(tensor: Any, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Any:
    """Fill with draws from the normal distribution.

    Raises:
        TypeError: if it is no Tensor of floating-point numbers.
        ValueError: if the standard deviation is negative.

    >>> import nn
    >>> nn.init.normal_(nn.Parameter([0.0, 0.0]), std=0.1).shape
    (2,)
    """
    _check("normal_", tensor)
    _require("normal_", std >= 0, "std of at least 0", f"std={std}", "pass a positive std")
    return _write(tensor, _source("normal_", generator).normal(mean, std, tensor.shape))


def trunc_normal_(
    tensor: Any,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Any:
    """Fill with draws from the normal distribution, but only from those that lie in [a, b].

    Args:
        tensor: what to fill.
        mean: of the whole normal distribution.
        std: its standard deviation.
        a: the smallest value (not counted in standard deviations).
        b: the largest one.
        generator: where the draws come from.

    Raises:
        TypeError: if it is no Tensor of floating-point numbers.
        ValueError: if b is not above a, or the standard deviation is not positive.

    >>> import nn
    >>> w = nn.init.trunc_normal_(nn.Parameter([0.0] * 100), std=5.0)
    >>> bool((abs(w.detach()) <= 2).all())
    True
    """
    _check("trunc_normal_", tensor)
    _require("trunc_normal_", a < b, "a below b", f"a={a}, b={b}", "exchange them")
    _require("trunc_normal_", std > 0, "std above 0", f"std={std}", "pass a positive std")
    source = _source("trunc_normal_", generator)
    draws = truncated_normal(source, (a - mean) / std, (b - mean) / std, tensor.size)
    return _write(tensor, np.clip(draws * std + mean, a, b).reshape(tensor.shape))


def constant_(tensor: Any, val: float) -> Any:
    """Fill with one value.

    >>> import nn
    >>> nn.init.constant_(nn.Parameter([0.0, 0.0]), 3.0).tolist()
    [3.0, 3.0]
    """
    _check("constant_", tensor, "biufc")
    return _write(tensor, np.full(tensor.shape, val))


def zeros_(tensor: Any) -> Any:
    """Fill with 0.

    >>> import nn
    >>> nn.init.zeros_(nn.Parameter([1.0])).tolist()
    [0.0]
    """
    return constant_(tensor, 0.0)


def ones_(tensor: Any) -> Any:
    """Fill with 1.

    >>> import nn
    >>> nn.init.ones_(nn.Parameter([0.0])).tolist()
    [1.0]
    """
    return constant_(tensor, 1.0)


# -- maps that keep their input ------------------------------------------------------------------------


def eye_(tensor: Any) -> Any:
    """Fill a matrix with the identity: an affine layer then returns as many inputs as it can.

    Raises:
        ValueError: if it is no matrix.

    >>> import nn
    >>> nn.init.eye_(nn.Linear(3, 2).weight).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    _check("eye_", tensor, "biufc", (2,))
    return _write(tensor, np.eye(*tensor.shape))


def dirac_(tensor: Any, groups: int = 1) -> Any:
    """Fill the weight of a convolution so that it returns as many input channels as it can.

    Each kernel is 1 in its middle for one input channel and 0 elsewhere.

    Args:
        tensor: a weight of shape (out, in, *kernel) with 1 to 3 spatial axes.
        groups: how many groups of channels the convolution has.

    Raises:
        ValueError: for another number of axes, and if groups does not divide the number of outputs.

    >>> import nn
    >>> nn.init.dirac_(nn.Parameter([[[0.0] * 3]] * 2)).tolist()
    [[[0.0, 1.0, 0.0]], [[0.0, 0.0, 0.0]]]
    """
    _check("dirac_", tensor, "biufc", (3, 4, 5))
    outputs, inputs, *kernel = tensor.shape
    fits = isinstance(groups, int) and groups > 0 and outputs % groups == 0
    _require("dirac_", fits, f"groups to divide the {outputs} output channels", groups, "pass a divisor")
    values = np.zeros(tensor.shape)
    middle = tuple(length // 2 for length in kernel)
    per_group = outputs // groups
    for output in range(outputs):
        channel = output % per_group
        if channel < inputs:
            values[(output, channel, *middle)] = 1.0
    return _write(tensor, values)


def orthogonal_(tensor: Any, gain: float = 1.0, generator: Generator | None = None) -> Any:
    """Fill with a random orthogonal matrix: its rows, or its columns if they are fewer, are orthonormal.

    The matrix is Q of the QR decomposition of normal draws, with the signs of the diagonal of R, so that
    it is uniform over all of them.

    Args:
        tensor: a weight of at least two axes; all but the first count as one.
        gain: a factor.
        generator: where the draws come from.

    Raises:
        ValueError: for fewer than two axes.

    Source: Saxe, McClelland, Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep
    linear neural networks", 2014.

    >>> import nn
    >>> w = nn.init.orthogonal_(nn.Linear(5, 3).weight).detach()
    >>> abs(w @ w.T).round(3).tolist()[0]
    [1.0, 0.0, 0.0]
    """
    _check("orthogonal_", tensor)
    _require("orthogonal_", tensor.ndim >= 2, "at least two axes", f"shape {tensor.shape}", "use normal_ for biases")
    if tensor.size == 0:
        return tensor
    rows = tensor.shape[0]
    columns = tensor.size // rows
    draws = _source("orthogonal_", generator).standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(draws)
    q = q * np.sign(np.diag(r))
    return _write(tensor, gain * (q if rows >= columns else q.T).reshape(tensor.shape))


def sparse_(tensor: Any, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Any:
    """Fill a matrix with normal draws, and a share of every column with 0.

    Args:
        tensor: a matrix.
        sparsity: the share of zeros in each column, from 0 to 1, rounded up to whole rows.
        std: the standard deviation of the other entries.
        generator: where the draws come from.

    Raises:
        ValueError: if it is no matrix, or for a share that is none.

    Source: Martens, "Deep learning via Hessian-free optimization", 2010.

    >>> import nn
    >>> w = nn.init.sparse_(nn.Linear(3, 10).weight, sparsity=0.8).detach()
    >>> (w == 0).sum(axis=0).tolist()
    [8, 8, 8]
    """
    _check("sparse_", tensor, axes=(2,))
    _require("sparse_", 0 <= sparsity <= 1, "sparsity from 0 to 1", sparsity, "pass the share of zeros")
    source = _source("sparse_", generator)
    normal_(tensor, 0.0, std, source)
    values = np.array(tensor.data)
    rows, columns = tensor.shape
    order = source.permuted(np.tile(np.arange(rows)[:, None], (1, columns)), axis=0)
    np.put_along_axis(values, order[: math.ceil(sparsity * rows)], 0.0, axis=0)
    return _write(tensor, values)


# -- a variance that suits the layer -------------------------------------------------------------------


def fans(tensor: Any) -> tuple[int, int]:
    """The numbers of inputs and outputs of one unit of a weight of shape (out, in, *kernel).

    Raises:
        ValueError: for a weight of fewer than two axes.

    >>> import nn
    >>> nn.init.fans(nn.Linear(3, 2).weight)
    (3, 2)
    """
    if tensor.ndim < 2:
        raise ValueError(
            explain(
                "fan in and fan out",
                expected="a weight of at least two axes (out, in, ...)",
                got=f"shape {tensor.shape}",
                remedy="use uniform_ or normal_ for biases",
            )
        )
    kernel = math.prod(tensor.shape[2:])
    return tensor.shape[1] * kernel, tensor.shape[0] * kernel


_LINEAR = ("linear", *(f"conv{kind}{axes}d" for kind in ("", "_transpose") for axes in (1, 2, 3)))


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which weights before ``nonlinearity`` are enlarged to keep the variance.

    It is 1 for ``"linear"``, ``"conv1d"`` to ``"conv_transpose3d"`` and ``"sigmoid"``, 5/3 for ``"tanh"``,
    sqrt(2) for ``"relu"``, sqrt(2 / (1 + slope²)) for ``"leaky_relu"``, 3/4 for ``"selu"``.

    Args:
        nonlinearity: one of these names.
        param: the negative slope of ``"leaky_relu"`` (0.01).

    Raises:
        TypeError: if the slope is no number.
        ValueError: for a nonlinearity that is not one of them.

    >>> import nn
    >>> nn.init.calculate_gain("relu")
    1.4142135623730951
    """
    slope = 0.01 if param is None else param
    if nonlinearity == "leaky_relu" and (isinstance(slope, bool) or not isinstance(slope, int | float | np.number)):
        raise TypeError(
            explain("calculate_gain", expected="a number as slope", got=repr(param), remedy="pass param=0.2, say")
        )
    gains = {**dict.fromkeys((*_LINEAR, "sigmoid"), 1.0), "tanh": 5.0 / 3.0, "relu": math.sqrt(2.0), "selu": 0.75}
    if nonlinearity == "leaky_relu":
        return math.sqrt(2.0 / (1.0 + float(slope) ** 2))
    if nonlinearity not in gains:
        raise ValueError(
            explain(
                "calculate_gain",
                expected=f"one of {', '.join((*gains, 'leaky_relu'))}",
                got=repr(nonlinearity),
                remedy="pass the nonlinearity that comes after the weight",
            )
        )
    return gains[nonlinearity]


def kaiming_uniform_(
    tensor: Any,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Any:
    """Fill uniformly on (-bound, bound), bound = gain * sqrt(3 / fan).

    Args:
        tensor: a weight of shape (out, in, *kernel).
        a: the negative slope of the leaky ReLU after it.
        mode: ``"fan_in"`` keeps the variance forward, ``"fan_out"`` backward.
        nonlinearity: what comes after the weight.
        generator: where the draws come from.

    Raises:
        ValueError: for fewer than two axes, an unknown mode or nonlinearity.

    Source: He, Zhang, Ren, Sun, "Delving deep into rectifiers", 2015, equation 10.

    >>> import nn
    >>> w = nn.init.kaiming_uniform_(nn.Linear(100, 50).weight, nonlinearity="relu")
    >>> bool(abs(w.detach()).max() <= (6 / 100) ** 0.5)
    True
    """
    std = _kaiming_std("kaiming_uniform_", tensor, a, mode, nonlinearity)
    return uniform_(tensor, -math.sqrt(3.0) * std, math.sqrt(3.0) * std, generator)


def kaiming_normal_(
    tensor: Any,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Any:
    """Fill with normal draws of standard deviation gain / sqrt(fan).

    The arguments and the source are those of ``kaiming_uniform_``.

    Raises:
        ValueError: for fewer than two axes, an unknown mode or nonlinearity.

    >>> import nn
    >>> nn.init.kaiming_normal_(nn.Linear(100, 50).weight, mode="fan_out").shape
    (50, 100)
    """
    return normal_(tensor, 0.0, _kaiming_std("kaiming_normal_", tensor, a, mode, nonlinearity), generator)


def _kaiming_std(name: str, tensor: Any, a: float, mode: str, nonlinearity: str) -> float:
    _check(name, tensor)
    fan = dict(zip(("fan_in", "fan_out"), fans(tensor))).get(mode)
    if fan is None:
        raise ValueError(explain(name, expected="mode 'fan_in' or 'fan_out'", got=repr(mode), remedy="pass one"))
    return calculate_gain(nonlinearity, a) / math.sqrt(max(fan, 1))


def xavier_uniform_(tensor: Any, gain: float = 1.0, generator: Generator | None = None) -> Any:
    """Fill uniformly on (-bound, bound), bound = gain * sqrt(6 / (fan_in + fan_out)).

    Raises:
        ValueError: for fewer than two axes.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", 2010, equation 16.

    >>> import nn
    >>> nn.init.xavier_uniform_(nn.Linear(4, 2).weight).shape
    (2, 4)
    """
    _check("xavier_uniform_", tensor)
    bound = gain * math.sqrt(6.0 / max(sum(fans(tensor)), 1))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Any, gain: float = 1.0, generator: Generator | None = None) -> Any:
    """Fill with normal draws of standard deviation gain * sqrt(2 / (fan_in + fan_out)).

    The source is that of ``xavier_uniform_``.

    Raises:
        ValueError: for fewer than two axes.

    >>> import nn
    >>> nn.init.xavier_normal_(nn.Linear(4, 2).weight).shape
    (2, 4)
    """
    _check("xavier_normal_", tensor)
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / max(sum(fans(tensor)), 1)), generator)
