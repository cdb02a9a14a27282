"""Padding of the last axes, with PyTorch's order of arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

__all__ = ["pad"]

# PyTorch's names for NumPy's modes of padding.
MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}

Pairs = tuple[tuple[int, int], ...]


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """Put entries before and after the last axes, or cut some off.

    Every entry gets the sum of the gradients of its copies; constants have no gradient.

    Args:
        input: any shape for "constant". For the other modes the last one, two or three axes of shape (C, ...) or
            (N, C, ...) are padded, all of them.
        pad: how many entries go before and after the last axis, then before and after the axis before it, and so
            on. A negative number cuts entries off.
        mode: "constant" puts ``value``. "reflect" mirrors the entries at the first and the last one, which are not
            repeated. "replicate" repeats the first and the last one. "circular" goes on at the other end.
        value: the constant, 0 if left out.

    Returns:
        A Tensor with other lengths along the padded axes.

    Raises:
        TypeError: for widths that are no integers.
        ValueError: for an unknown mode, a number of widths that does not fit the input, more entries than the mode
            can supply, and a ``value`` for another mode than "constant".

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> x = ag.tensor([[1.0, 2.0, 3.0]])
    >>> F.pad(x, (2, 1), mode="reflect")
    tensor([[3., 2., 1., 2., 3., 2.]])
    >>> F.pad(x, (-1, 0, 0, 1), value=9.0)  # one column less, one row more
    tensor([[2., 3.],
            [9., 9.]])
    """
    pairs = _pairs(pad, input, mode)
    if mode != "constant" and value is not None and value != 0:
        raise ValueError(
            explain("pad", expected=f"no value in mode {mode!r}", got=f"value={value!r}", remedy="leave value out")
        )
    inside = (slice(None),) * (input.ndim - len(pairs))
    kept = tuple(slice(max(0, -before), n - max(0, -after)) for n, (before, after) in zip(_last(input, pairs), pairs))
    cut = any(width < 0 for pair in pairs for width in pair)
    more: Any = ((0, 0),) * len(inside) + tuple((max(0, before), max(0, after)) for before, after in pairs)
    if mode in ("constant", "circular"):  # what is cut off is not seen at the other end
        x = input[(*inside, *kept)] if cut else input
        return np.pad(x, more, constant_values=value or 0) if mode == "constant" else np.pad(x, more, mode="wrap")
    x = np.pad(input, more, mode=MODES[mode])
    if not cut:
        return x
    kept = tuple(slice(max(0, -before), n - max(0, -after)) for n, (before, after) in zip(_last(x, pairs), pairs))
    return x[(*inside, *kept)]


def _last(x: Any, pairs: Pairs) -> tuple[int, ...]:
    """The lengths of the axes that are padded."""
    return x.shape[x.ndim - len(pairs) :]


def _pairs(widths: Any, input: Any, mode: str) -> Pairs:
    """What goes before and after each padded axis, in the order of the axes.

    Raises:
        TypeError, ValueError: for widths that do not fit the input or the mode.
    """
    if mode not in MODES:
        raise ValueError(explain("pad", expected=f"a mode among {', '.join(MODES)}", got=repr(mode), remedy="pass one"))
    widths = tuple(widths) if isinstance(widths, Sequence | np.ndarray) else (widths,)
    if not all(isinstance(width, int | np.integer) and not isinstance(width, bool) for width in widths):
        raise TypeError(
            explain(
                "pad", expected="pad to be integers", got=repr(widths), remedy="pass (1, 1), say, for the last axis"
            )
        )
    axes, odd = divmod(len(widths), 2)
    fits = axes <= input.ndim if mode == "constant" else 1 <= axes <= 3 and input.ndim in (axes + 1, axes + 2)
    if odd or not fits:
        expected = "at most two widths for every axis" if mode == "constant" else "two widths for every spatial axis"
        raise ValueError(
            explain(
                "pad",
                expected=f"pad to be {expected} of the input in mode {mode!r}",
                got=f"{len(widths)} widths for shape {input.shape}",
                remedy="pass (before, after) for the last axis, then for the axis before it",
            )
        )
    pairs = tuple((int(widths[i]), int(widths[i + 1])) for i in range(0, len(widths), 2))[::-1]
    for n, (before, after) in zip(_last(input, pairs), pairs, strict=True):
        left = n - max(0, -before) - max(0, -after)
        most = {"constant": None, "reflect": n - 1, "replicate": None if n else 0, "circular": left}[mode]
        if n + before + after < (mode in ("reflect", "replicate")) or left < 0:
            raise ValueError(
                explain(
                    "pad",
                    expected="something to be left of every axis",
                    got=f"pad={widths} for shape {input.shape}",
                    remedy="cut off less",
                )
            )
        if most is not None and max(before, after) > most:
            raise ValueError(
                explain(
                    "pad",
                    expected=f"at most {most} entries before and after an axis of {n} in mode {mode!r}",
                    got=f"pad={widths} for shape {input.shape}",
                    remedy="pad less, or pad several times",
                )
            )
    return pairs
