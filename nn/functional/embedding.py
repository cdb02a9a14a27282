"""Embedding: rows of a table picked by number, and sums, means and maxima of bags of them."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.primitive import Primitive, define
from autograd_core.transforms.examples import for_each_example
from autograd_core.values import as_value

__all__ = ["embedding", "embedding_bag"]

# -- rows picked, and rows added up ------------------------------------------------------------------


@lru_cache(maxsize=1)
def _sparse() -> Any:
    """SciPy's sparse matrices, or ``None``."""
    try:
        from scipy import sparse
    except ImportError:
        return None
    return sparse


def _add_rows(rows: Any, numbers: Any, count: int) -> Any:
    """An array of ``count`` rows: row k is the sum of those ``rows`` whose number is k.

    A product with a sparse matrix of zeros and ones is the fastest way where there is much to add. Without
    SciPy, of the rows with one number the last is written, of the others again the last one is added, and
    so on; what many rounds have left is added entry by entry.
    """
    if rows.size >= 1 << 16 and rows.dtype.kind == "f" and rows.dtype.itemsize > 2 and _sparse() is not None:
        entries = (np.ones(len(numbers), rows.dtype), numbers, np.arange(len(numbers) + 1))
        return _sparse().csc_array(entries, shape=(count, len(numbers))) @ rows
    total = np.zeros((count, rows.shape[1]), rows.dtype)
    if len(numbers) > 8 * count:
        return _add_entries(total, rows, numbers)
    last = np.empty(count, np.intp)
    last[numbers] = np.arange(len(numbers))
    total[numbers] = rows
    lost = np.flatnonzero(last[numbers] != np.arange(len(numbers)))
    for _ in range(3):
        if not lost.size:
            return total
        there = numbers[lost]
        last[there] = lost
        won = last[there] == lost
        chosen = lost[won]
        total[numbers[chosen]] += rows[chosen]
        lost = lost[~won]
    return _add_entries(total, rows[lost], numbers[lost]) if lost.size else total


def _add_entries(total: Any, rows: Any, numbers: Any) -> Any:
    """``total`` with ``rows`` added; on flat arrays, where ``np.add.at`` is several times faster."""
    width = total.shape[1]
    places = numbers[:, None] * width + np.arange(width, like=numbers)
    flat = total.reshape(-1)
    np.add.at(flat, places.reshape(-1), rows.reshape(-1))
    return flat.reshape(total.shape)


def _sums(g: Any, indices: Any, count: int, padding_idx: int | None, scale_grad_by_freq: bool) -> Any:
    if g.shape[: indices.ndim] != indices.shape:
        raise ValueError(
            explain(
                "embedding_row_sums",
                expected=f"one row for each of the numbers, of shape {indices.shape}",
                got=f"shape {g.shape}",
                remedy="pass rows along the last axis",
            )
        )
    if scale_grad_by_freq:
        g = g * _frequency_factors(indices, count, None, True, g)
    width = g.shape[indices.ndim :]
    rows, numbers = g.reshape(indices.size, math.prod(width)), indices.reshape(-1)
    if type(rows) is np.ndarray:
        total = _add_rows(rows, numbers, count)
    else:
        total = _add_entries(np.zeros_like(rows, shape=(count, rows.shape[1])), rows, numbers)
    if padding_idx is not None and indices.size:
        total[padding_idx] = 0
    return total if len(width) == 1 else total.reshape((count, *width))


def _frequency_factors(indices: Any, count: int, padding_idx: int | None, scale: bool, like: Any) -> Any:
    """What each row's gradient is multiplied by: 0 for the padding, one over how often the row occurs."""
    factors = np.ones_like(like, shape=indices.shape)
    if scale:
        factors = factors / np.bincount(indices.reshape(-1), minlength=count).astype(like.dtype)[indices]
    if padding_idx is not None:
        factors = factors * (indices != padding_idx)
    return factors.reshape(indices.shape + (1,) * (like.ndim - 1 if like.ndim <= indices.ndim else 1))


_factors = define(
    "embedding_factors",
    lambda g, indices, count, padding_idx, scale_grad_by_freq: _frequency_factors(
        indices, count, padding_idx, scale_grad_by_freq, g
    ),
    None,
    None,
    doc="What the gradient of each row is multiplied by: 0 for the padding, one over how often the row occurs.",
)


def _transposed_sums(gg: Any, out: Any, g: Any, indices: Any, **options: Any) -> Any:
    taken = _embedding(gg, indices, padding_idx=None, scale_grad_by_freq=False)
    if options["padding_idx"] is None and not options["scale_grad_by_freq"]:
        return taken
    return taken * _factors(gg, indices, **options)


_embedding: Primitive = define(
    "embedding",
    lambda weight, indices, padding_idx, scale_grad_by_freq: weight.take(indices, axis=0),
    lambda g, out, weight, indices, padding_idx, scale_grad_by_freq: _row_sums(
        g, indices, count=weight.shape[0], padding_idx=padding_idx, scale_grad_by_freq=scale_grad_by_freq
    ),
    None,
    formulas=("1 where picked", "0"),
    doc="Rows of a table, picked by number.",
)
_row_sums: Primitive = define(
    "embedding_row_sums",
    _sums,
    _transposed_sums,
    None,
    formulas=("1", "0"),
    doc="A table whose row k is the sum of the rows with number k: the transpose of picking rows.",
)

# -- arguments ---------------------------------------------------------------------------------------


def _numbers(operation: str, input: Any, count: int) -> Any:
    """Row numbers as integers from 0 to ``count - 1``.

    Raises:
        TypeError: if they are not integers.
        IndexError: if one is out of range.
    """
    values = input._data if isinstance(input, Tensor) else input if isinstance(input, np.ndarray) else as_value(input)
    if not values.size and values.dtype.kind == "f" and not hasattr(input, "dtype"):
        values = values.astype(np.intp)  # an empty list
    if values.dtype.kind not in "iu":
        raise TypeError(
            explain(
                operation,
                expected="integers, the numbers of rows",
                got=f"dtype {values.dtype}",
                remedy="convert them: input.astype(int)",
            )
        )
    if values.size and (int(values.max()) >= count or int(values.min()) < 0):
        wrong = values.max() if values.max() >= count else values.min()
        raise IndexError(
            explain(
                operation,
                expected=f"row numbers from 0 to {count - 1}",
                got=f"{int(wrong)}",
                remedy="count from 0, or make the table larger (num_embeddings)",
            )
        )
    return input if isinstance(input, Tensor) else values


def check_padding_idx(operation: str, padding_idx: int | None, count: int) -> int | None:
    """``padding_idx`` counted from the front.

    Raises:
        ValueError: if it is out of range.
    """
    if padding_idx is None:
        return None
    if not -count <= padding_idx < count:
        raise ValueError(
            explain(
                operation,
                expected=f"padding_idx from {-count} to {count - 1}",
                got=str(padding_idx),
                remedy="pass the number of a row",
            )
        )
    return padding_idx % count


def _check_table(operation: str, weight: Any) -> None:
    if weight.ndim != 2:
        raise ValueError(
            explain(
                operation,
                expected="a weight of shape (rows, width)",
                got=f"shape {weight.shape}",
                remedy="pass the table as the second argument",
            )
        )


def _renormalize(weight: Any, numbers: Any, max_norm: float, norm_type: float) -> None:
    """Scale those rows that are about to be picked, and whose norm is larger, down to ``max_norm``, in place."""
    values = weight._data if isinstance(weight, Tensor) else weight
    numbers = np.unique(numbers._data if isinstance(numbers, Tensor) else numbers)
    norms = np.linalg.norm(values[numbers], ord=norm_type, axis=1)
    large = norms > max_norm
    if large.any():
        rows = numbers[large]
        shorter = values[rows] * (max_norm / (norms[large] + 1e-7))[:, None].astype(values.dtype)
        target = weight.data if isinstance(weight, Tensor) else weight
        target[rows] = shorter


# -- public functions --------------------------------------------------------------------------------


@for_each_example
def embedding(
    input: Any,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of ``weight`` whose numbers ``input`` holds: out[i] = weight[input[i]].

    The gradient of a row is the sum of the gradients of all places where it was picked.

    Args:
        input: integers of any shape.
        weight: the table, shape (rows, width).
        padding_idx: a row that gets no gradient.
        max_norm: rows that are picked and have a larger norm are first scaled down to it, in place.
        norm_type: p of the p-norm that ``max_norm`` bounds.
        scale_grad_by_freq: whether a row's gradient is divided by the number of times that it was picked.
        sparse: accepted for the sake of programs written for PyTorch; gradients are arrays of the table's shape.

    Returns:
        A Tensor of the shape of ``input`` with an axis of the rows' width behind it.

    Raises:
        TypeError: if ``input`` does not hold integers.
        IndexError: for a number that is negative or too large.
        ValueError: for a padding_idx out of range, or a weight that is no table.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> weight = ag.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> table = F.embedding([1, 0, 1], weight).sum().backward()
    >>> weight.grad
    tensor([[1., 1.],
            [2., 2.]])
    """
    _check_table("embedding", weight)
    numbers = _numbers("embedding", input, weight.shape[0])
    padding_idx = check_padding_idx("embedding", padding_idx, weight.shape[0])
    if max_norm is not None:
        _renormalize(weight, numbers, max_norm, norm_type)
    return _embedding(weight, numbers, padding_idx=padding_idx, scale_grad_by_freq=bool(scale_grad_by_freq))


def _bags(numbers: Any, offsets: Any, include_last_offset: bool) -> Any:
    """Where each bag starts, and behind the last one where it ends."""
    if numbers.ndim == 2:
        if offsets is not None:
            raise ValueError(
                explain(
                    "embedding_bag",
                    expected="no offsets with an input of shape (bags, entries)",
                    got="offsets",
                    remedy="leave them out, or pass a vector",
                )
            )
        return np.arange(numbers.shape[0] + 1) * numbers.shape[1]
    if numbers.ndim != 1 or offsets is None:
        raise ValueError(
            explain(
                "embedding_bag",
                expected="an input of shape (bags, entries), or a vector with offsets",
                got=f"shape {numbers.shape}" + (" without offsets" if offsets is None else ""),
                remedy="pass offsets=[0] for a single bag",
            )
        )
    starts = np.asarray(offsets._data if isinstance(offsets, Tensor) else as_value(offsets))
    if starts.size and starts.dtype.kind not in "iu":
        raise TypeError(
            explain(
                "embedding_bag",
                expected="integer offsets",
                got=f"dtype {starts.dtype}",
                remedy="pass where the bags begin: [0, 3], say",
            )
        )
    starts = starts.astype(np.intp, copy=False)
    ends = starts if include_last_offset else np.append(starts, numbers.size)
    if starts.ndim != 1 or (not starts.size and include_last_offset) or (starts.size and starts[0] != 0):
        expected, got = "a vector of offsets that starts with 0", repr(starts.tolist())
    elif (np.diff(ends) < 0).any() or (ends.size and ends[-1] != numbers.size):
        expected, got = f"offsets that do not decrease, for {numbers.size} entries", repr(starts.tolist())
    else:
        return ends
    raise ValueError(
        explain("embedding_bag", expected=expected, got=got, remedy="pass where in the input each bag starts")
    )


def _largest(rows: Any, starts: Any) -> Any:
    """Per bag the largest entry of each column; 0 for an empty bag."""
    counts = np.diff(starts)
    width = int(counts.max(initial=0))
    if not width:
        return np.zeros((counts.size, 1), rows.dtype) + np.sum(rows, axis=0)
    inside = np.arange(width) < counts[:, None]
    bags = rows[np.where(inside, starts[:-1, None] + np.arange(width), 0)]
    bags = bags if inside.all() else np.where(inside[:, :, None], bags, -np.inf)
    chosen = np.expand_dims(np.argmax(bags, axis=1), 1)
    largest = np.squeeze(np.take_along_axis(bags, chosen, axis=1), axis=1)
    return largest if counts.all() else np.where((counts > 0)[:, None], largest, 0.0)


def _check_bag_options(mode: str, scale_grad_by_freq: bool, weights: Any, shape: tuple[int, ...]) -> None:
    if mode not in ("sum", "mean", "max"):
        expected, got, remedy = "mode 'sum', 'mean' or 'max'", repr(mode), "pass one of these"
    elif mode == "max" and scale_grad_by_freq:
        expected, got, remedy = "scale_grad_by_freq with mode 'sum' or 'mean'", "mode 'max'", "leave it out"
    elif weights is not None and mode != "sum":
        expected, got, remedy = "per_sample_weights with mode 'sum' only", f"mode {mode!r}", "pass mode='sum'"
    elif weights is not None and weights.shape != shape:
        expected, got = f"per_sample_weights of the input's shape {shape}", f"shape {weights.shape}"
        remedy = "pass one weight per entry"
    else:
        return
    raise ValueError(explain("embedding_bag", expected=expected, got=got, remedy=remedy))


@for_each_example
def embedding_bag(
    input: Any,
    weight: Tensor,
    offsets: Any = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Any = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or maximum of the rows of ``weight`` in each bag of numbers.

    Args:
        input: integers of shape (bags, entries), or a vector that holds one bag behind the other.
        weight: the table, shape (rows, width).
        offsets: with a vector, where in it each bag starts.
        max_norm, norm_type, scale_grad_by_freq, sparse: see ``embedding``.
        mode: ``"sum"``, ``"mean"`` or ``"max"`` (of each column; its gradient goes to the first of equal ones).
        per_sample_weights: for ``"sum"``, a factor per entry, of the input's shape.
        include_last_offset: whether the last of ``offsets`` is the end of the last bag.
        padding_idx: a row whose entries do not count.

    Returns:
        A Tensor of shape (bags, width); 0 for an empty bag.

    Raises:
        TypeError, IndexError: as ``embedding``.
        ValueError: for arguments that do not fit each other.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> weight = ag.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> F.embedding_bag([0, 1, 1], weight, offsets=[0, 2], mode="sum")
    tensor([[4., 6.],
            [3., 4.]])
    """
    _check_table("embedding_bag", weight)
    numbers = _numbers("embedding_bag", input, weight.shape[0])
    numbers = numbers.numpy() if isinstance(numbers, Tensor) else numbers
    starts = _bags(numbers, offsets, include_last_offset)
    if per_sample_weights is not None and not isinstance(per_sample_weights, Tensor):
        per_sample_weights = np.asarray(per_sample_weights, dtype=weight.dtype)
    _check_bag_options(mode, scale_grad_by_freq, per_sample_weights, numbers.shape)
    padding_idx = check_padding_idx("embedding_bag", padding_idx, weight.shape[0])
    if max_norm is not None:
        _renormalize(weight, numbers, max_norm, norm_type)
    flat = numbers.reshape(-1)
    factors = None if per_sample_weights is None else np.reshape(per_sample_weights, (flat.size, 1))
    if padding_idx is not None:
        kept = flat != padding_idx
        starts = np.append(0, np.cumsum(kept))[starts]
        flat, factors = flat[kept], None if factors is None else factors[kept]
    rows = _embedding(weight, flat, padding_idx=None, scale_grad_by_freq=bool(scale_grad_by_freq))
    if mode == "max":
        return _largest(rows, starts)
    counts = np.diff(starts)
    bags = np.repeat(np.arange(counts.size), counts)
    total = _row_sums(
        rows if factors is None else rows * factors,
        bags,
        count=counts.size,
        padding_idx=None,
        scale_grad_by_freq=False,
    )
    return total if mode == "sum" else total / np.maximum(counts, 1).astype(weight.dtype)[:, None]
