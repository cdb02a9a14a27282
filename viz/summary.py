"""Plain numbers that say what an array holds, and a thumbnail of it: what a picture keeps instead of the array."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_core.values import entries_of

# A thumbnail has at most this many rows and columns, that of a single row this many columns.
THUMBNAIL = 8
STRIP = 16
# Smaller arrays are written out, and need none.
LEAST_ENTRIES = 5
# The levels of a thumbnail, one character each: three below zero, about zero, three above; and NaN or Inf.
LEVELS = "cba.123"
NOT_FINITE = "!"
# Large arrays are looked at in pieces of so many entries: no copy of the whole is made.
PIECE = 1 << 18
# Arrays of so many axes are batches of vectors or of images, with the units or channels along axis 1.
UNITS_NEXT_TO_BATCH = (2, 4)
# Beyond these sizes, numbers are divided by the largest before they are squared and summed.
LARGE = 1e100
SMALL = 1e-100
# A mean that is smaller than this part of the entries' size is written as 0: it is an error of rounding.
ROUNDING = 1e-15

_Number = float | None
_Measured = tuple[_Number, _Number, _Number, _Number, _Number]  # min, max, mean, std, rms
UNKNOWN: _Measured = (None, None, None, None, None)


@dataclass(frozen=True)
class Summary:
    """Plain numbers of an array. Where nothing is finite, statistics are ``None``; they are of finite entries only.

    Of complex numbers, statistics are of the absolute values.

    Attributes:
        shape: of the array; ``None`` for several arrays together.
        dtype: its name; ``"mixed"`` for arrays of different ones.
        size: how many entries there are.
        nbytes: the memory that they take.
        min, max, mean, std: of the entries.
        rms: the root of the mean square, which says how large a gradient is whatever its size.
        zeros: how many entries are zero.
        nans, infs: how many are not a number, and how many infinite.
        dead_units: of a matrix, how many columns are zero in all rows: units that are off for a whole batch;
            of an array of images, how many channels are.
        thumbnail: rows of characters, one for the mean of a block of entries: ``c``, ``b``, ``a`` below zero,
            ``.`` about zero, ``1``, ``2``, ``3`` above, ``!`` with NaN or Inf. 3 and c are the block of the
            largest mean. Axes before the last are rows. Empty for arrays that can be written out.

    >>> import numpy as np
    >>> summary = summarize(np.array([[1.0, -2.0, 0.0], [4.0, np.nan, 0.0]]))
    >>> summary.min, summary.max, summary.mean, summary.zeros, summary.nans, summary.dead_units
    (-2.0, 4.0, 0.6, 2, 1, 1)
    >>> summary.thumbnail
    ('1b.', '3!.')
    """

    shape: tuple[int, ...] | None
    dtype: str
    size: int
    nbytes: int
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    std: float | None = None
    rms: float | None = None
    zeros: int = 0
    nans: int = 0
    infs: int = 0
    dead_units: int = 0
    thumbnail: tuple[str, ...] = ()

    @property
    def zero_share(self) -> float:
        """The share of entries that are zero, from 0 to 1."""
        return self.zeros / self.size if self.size else 0.0

    @property
    def all_zero(self) -> bool:
        """Whether there are entries and all of them are zero."""
        return 0 < self.size == self.zeros

    @property
    def bad(self) -> int:
        """How many entries are NaN or infinite."""
        return self.nans + self.infs

    def statistics(self, digits: int = 3) -> str:
        """``mean 0.75 · std 2.17 · 33 % zeros · 1 NaN``; shorter where there is less to say.

        >>> import numpy as np
        >>> summarize(np.array([0.0, 2.0])).statistics()
        'mean 1 · std 1 · 50 % zeros'
        """
        parts = []
        if self.mean is not None and self.std is not None:
            mean = 0.0 if abs(self.mean) < ROUNDING * (self.rms or 0.0) else self.mean
            parts.append(f"mean {mean + 0.0:.{digits}g}")
            parts.append(f"std {self.std:.{digits}g}")
        if self.zeros:
            parts.append(f"{_percent(self.zero_share)} zeros")
        parts += [f"{count} {name}" for count, name in ((self.nans, "NaN"), (self.infs, "Inf")) if count]
        return " · ".join(parts)


def _percent(share: float) -> str:
    """A share in percent; neither 0 nor 100 where that is not exact."""
    percent = round(100 * share)
    if percent == 0 and share > 0:
        return "< 1 %"
    return "> 99 %" if percent == 100 and share < 1 else f"{percent} %"


def summarize(value: Any, thumbnail: bool = True) -> Summary:
    """The plain numbers of a number, an array, or what can be turned into one.

    Never warns and never fails: where an array gives no numbers (text, or memory of another device), shape and
    dtype are all there is.

    Args:
        value: of any dtype, with NaN and Inf in it or not, empty or not.
        thumbnail: whether to make one.

    >>> import numpy as np
    >>> summarize(np.float32(2.5)).rms, summarize(np.zeros((0, 3))).mean, summarize(True).max
    (2.5, None, 1.0)
    """
    if isinstance(value, float | np.floating) and math.isfinite(number := float(value)):
        dtype, nbytes = (value.dtype.name, value.nbytes) if isinstance(value, np.floating) else ("float64", 8)
        return Summary((), dtype, 1, nbytes, number, number, number, 0.0, abs(number), int(number == 0))
    try:
        array = np.asarray(entries_of(value))
    except (TypeError, ValueError, RuntimeError):
        return _without_numbers(value)
    if array.dtype.kind not in "biufc":
        return _without_numbers(array)
    with np.errstate(all="ignore"):
        return _summary(array, thumbnail)


def _without_numbers(value: Any) -> Summary:
    shape = tuple(int(length) for length in getattr(value, "shape", ()))
    size = math.prod(shape)
    return Summary(shape, str(getattr(value, "dtype", "unknown")), size, int(getattr(value, "nbytes", 0)))


def _summary(array: Any, thumbnail: bool) -> Summary:
    size = array.size
    dtype = array.dtype.name
    zeros = size - int(np.count_nonzero(array))
    reals = np.abs(array) if array.dtype.kind == "c" else array
    nans = infs = 0
    numbers = reals
    if reals.dtype.kind == "f":
        finite = np.isfinite(reals)
        if not finite.all():
            nans = int(np.isnan(reals).sum())
            infs = size - int(finite.sum()) - nans
            numbers = reals[finite]
    measured = _statistics(numbers) if numbers.size else UNKNOWN
    rows = _rows_of_blocks(reals, measured[:2]) if thumbnail and array.ndim and size >= LEAST_ENTRIES else ()
    dead = _dead_units(array) if zeros and array.ndim in UNITS_NEXT_TO_BATCH else 0
    return Summary(tuple(array.shape), dtype, size, array.nbytes, *measured, zeros, nans, infs, dead, rows)


def _dead_units(array: Any) -> int:
    others = tuple(axis for axis in range(array.ndim) if axis != 1)
    return int((~array.any(axis=others)).sum())


def _statistics(numbers: Any) -> _Measured:
    """min, max, mean, std and rms of finite entries, without overflow on the way."""
    low, high = float(numbers.min()), float(numbers.max())
    largest = max(abs(low), abs(high))
    if low == high:
        return _finite(low), _finite(high), _finite(low), 0.0, _finite(abs(low))
    scale = 1.0 if SMALL < largest < LARGE else largest
    flat = numbers.ravel()
    pieces = [flat[start : start + PIECE] for start in range(0, flat.size, PIECE)]
    mean = sum(float(np.add.reduce(_exact(piece, scale))) for piece in pieces) / flat.size
    square = spread = 0.0
    for piece in pieces:
        exact = _exact(piece, scale)
        centered = exact - mean
        square += float(np.dot(exact, exact)) / flat.size
        spread += float(np.dot(centered, centered)) / flat.size
    std, rms = math.sqrt(spread) * scale, math.sqrt(square) * scale
    return _finite(low), _finite(high), _finite(mean * scale), _finite(std), _finite(rms)


def _exact(piece: Any, scale: float) -> Any:
    """Entries in double precision, whatever their dtype, divided by ``scale``."""
    exact = np.asarray(piece, dtype=np.float64)
    return exact if scale == 1.0 else exact / scale


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _rows_of_blocks(numbers: Any, ends: Iterable[float | None]) -> tuple[str, ...]:
    """The thumbnail: the array as a matrix, cut into blocks, and the mean of each as a level."""
    matrix = numbers.reshape(-1, numbers.shape[-1])
    if (extreme := max(abs(end or 0.0) for end in ends)) > LARGE:
        matrix = matrix / extreme  # so that no sum overflows
    down = _starts(matrix.shape[0], THUMBNAIL)
    along = _starts(matrix.shape[1], STRIP if matrix.shape[0] == 1 else THUMBNAIL)
    if matrix.shape == (len(down), len(along)):  # a block is an entry
        means = matrix.astype(np.float64)
    else:
        sums = np.add.reduceat(matrix, down, axis=0, dtype=np.float64)
        sums = np.add.reduceat(sums, along, axis=1)
        means = sums / np.outer(np.diff([*down, matrix.shape[0]]), np.diff([*along, matrix.shape[1]]))
    largest = np.abs(means[np.isfinite(means)]).max(initial=0.0)
    if largest == 0 or not math.isfinite(largest):
        largest = 1.0
    middle = len(LEVELS) // 2
    levels = np.where(np.isfinite(means), np.rint(means / largest * middle), np.nan).tolist()
    return tuple("".join(NOT_FINITE if x != x else LEVELS[middle + int(x)] for x in row) for row in levels)


def _starts(length: int, most: int) -> list[int]:
    """Where the blocks of an axis begin: as many as there is room for, of nearly equal lengths."""
    count = min(length, most)
    return [length * number // count for number in range(count)]


def combine(summaries: Iterable[Summary | None]) -> Summary | None:
    """One summary of the entries of several arrays together; ``None`` if there is none.

    >>> import numpy as np
    >>> both = combine([summarize(np.array([1.0, 2.0, 3.0])), None, summarize(np.array(6.0))])
    >>> both.size, both.min, both.max, both.mean, round(both.rms, 3)
    (4, 1.0, 6.0, 3.0, 3.536)
    """
    known = [summary for summary in summaries if summary is not None]
    if not known:
        return None
    dtypes = {summary.dtype for summary in known}
    return Summary(
        known[0].shape if len(known) == 1 else None,
        dtypes.pop() if len(dtypes) == 1 else "mixed",
        sum(summary.size for summary in known),
        sum(summary.nbytes for summary in known),
        *_together(known),
        zeros=sum(summary.zeros for summary in known),
        nans=sum(summary.nans for summary in known),
        infs=sum(summary.infs for summary in known),
        dead_units=sum(summary.dead_units for summary in known),
        thumbnail=known[0].thumbnail if len(known) == 1 else (),
    )


def _together(known: list[Summary]) -> _Measured:
    """min, max, mean, std and rms of all finite entries of several arrays."""
    parts = [(s, s.size - s.bad) for s in known if s.rms is not None and s.mean is not None and s.size > s.bad]
    if not parts:
        return UNKNOWN
    low = min(s.min for s, _ in parts if s.min is not None)
    high = max(s.max for s, _ in parts if s.max is not None)
    total = sum(count for _, count in parts)
    scale = max((s.rms for s, _ in parts if s.rms), default=1.0)
    mean = sum((s.mean or 0.0) / scale * (count / total) for s, count in parts)
    square = sum(((s.rms or 0.0) / scale) ** 2 * (count / total) for s, count in parts)
    # The spread within the arrays and the spread of their means: no difference of two large numbers.
    spread = sum(
        (((s.std or 0.0) / scale) ** 2 + ((s.mean or 0.0) / scale - mean) ** 2) * (count / total) for s, count in parts
    )
    std, rms = math.sqrt(spread) * scale, math.sqrt(square) * scale
    return _finite(low), _finite(high), _finite(mean * scale), _finite(std), _finite(rms)
