"""Samples of reading, writing and adding at an index, and of picking along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.ops.indexing import _Slot

from .sample import Sample, real

ALL = slice(None)
MASK = np.array([[True, False, True, False], [False, False, True, True], [True, True, False, False]])
ROWS = np.array([2, 0, 2, 2])
COLUMNS = np.array([1, 3, 1, -4])

# Every kind of index, for an array of shape (3, 4): basic, boolean, integers with repeats, mixed.
INDICES: list[Any] = [
    1,
    (-1, 2),
    slice(None, None, -1),
    (slice(0, 3, 2), slice(3, 0, -2)),
    (..., 1),
    (None, ..., None, slice(1, 3)),
    (),
    ...,
    slice(2, 2),
    True,
    MASK,
    np.array([True, False, True]),
    (ALL, np.array([False, True, True, False])),
    ROWS,
    (ALL, COLUMNS),
    (ROWS, COLUMNS),
    (ROWS[:, None], COLUMNS),
    np.array([[0, 1], [1, 1]]),
    (ROWS, 1),
    (np.array([True, True, False]), np.array([3, 3])),
    (ROWS, None, COLUMNS),
    np.array([], dtype=np.intp),
]

# The same with index arrays as inputs of their own: the index with gaps, and what fills them.
GAPS: list[tuple[Any, tuple[Any, ...]]] = [
    (_Slot(0), (ROWS,)),
    (_Slot(0), (MASK,)),
    ((ALL, _Slot(0)), (COLUMNS,)),
    ((_Slot(0), _Slot(1)), (ROWS, COLUMNS)),
    ((_Slot(0), None, slice(None, None, -1)), (np.array([[1, 1], [0, 2]]),)),
    ((_Slot(0), 2), (np.intp(1),)),
]


def filled(index: Any, arrays: tuple[Any, ...]) -> Any:
    """The index without gaps."""
    items = tuple(arrays[i] if isinstance(i, _Slot) else i for i in (index if isinstance(index, tuple) else (index,)))
    return items if isinstance(index, tuple) else items[0]


def scattered(g: Any, shape: tuple[int, ...], index: Any) -> Any:
    """Each entry of ``g`` added to its place, one after the other."""
    places = np.arange(int(np.prod(shape))).reshape(shape)[index]
    total = np.zeros(shape, g.dtype)
    for place, entry in zip(np.ravel(places), np.ravel(np.broadcast_to(g, places.shape)), strict=True):
        total.flat[place] += entry
    return total


def assigned(x: Any, value: Any, index: Any) -> Any:
    """``x`` with ``value`` at the index, one entry after the other."""
    places = np.arange(x.size).reshape(x.shape)[index]
    result = x.copy()
    for place, entry in zip(np.ravel(places), np.ravel(np.broadcast_to(value, places.shape)), strict=True):
        result.flat[place] = entry
    return result


X = real(3, 4)


def like_result(index: Any, factor: float = 1.0) -> Any:
    """Numbers of the shape of ``X[index]``."""
    return factor * np.asarray(real(*np.shape(X[index])))[()]


def put(index: Any, arrays: tuple[Any, ...], add: bool) -> list[Sample]:
    """Writing or adding at an index: a value for each entry, and one for all."""
    place = filled(index, arrays)
    reference = (lambda x, v, *_: x + scattered(v, x.shape, place)) if add else (lambda x, v, *_: assigned(x, v, place))
    values = [like_result(place, 0.5), np.float64(1.25)]
    return [Sample((X, v, *arrays), {"index": index}, value=reference) for v in values]


LEADING = Sample((X, real(1, 1, 4)), {"index": 1})  # a value may have more axes than its place
LEADING_ADD = Sample((X, real(1, 4)), {"index": (np.array([1, 2, 1, -3]), 1)})
SCALAR = Sample((np.float64(0.3), np.float64(0.7)), {"index": ()}, value=lambda x, v: v)
COMPLEX = X + 1j * X[::-1]
COMPLEX_VALUES = Sample((COMPLEX, COMPLEX[:, 0]), {"index": (0, COLUMNS[:3])})

SAMPLES: dict[str, list[Sample]] = {
    "getitem": [
        *(Sample((X,), {"index": i}, value=lambda x, i=i: np.asarray(x)[i], complex_step=True) for i in INDICES),
        Sample((np.float64(1.5),), {"index": ()}, value=lambda x: x),
        Sample((np.float64(1.5),), {"index": None}, value=lambda x: np.array([x])),
        Sample((COMPLEX,), {"index": ROWS}, value=lambda x: np.stack([x[2], x[0], x[2], x[2]])),
    ],
    "scatter": [
        *(
            Sample(
                (like_result(i),),
                {"shape": (3, 4), "index": i},
                value=lambda g, i=i: scattered(g, (3, 4), i),
                complex_step=True,
            )
            for i in INDICES
        ),
        Sample((COMPLEX,), {"shape": (5, 4), "index": np.array([4, 4, 0])}),
        Sample((real(2),), {"shape": (3,), "index": np.array([-1, 2])}, value=lambda g: np.array([0, 0, g.sum()])),
    ],
    "getitem_by": [
        Sample((X, *a), {"index": i}, value=lambda x, *a, i=i: x[filled(i, a)], complex_step=True) for i, a in GAPS
    ],
    "scatter_by": [
        Sample(
            (like_result(filled(i, a)), *a),
            {"shape": (3, 4), "index": i},
            value=lambda g, *a, i=i: scattered(g, (3, 4), filled(i, a)),
            complex_step=True,
        )
        for i, a in GAPS
    ],
    "index_set": [*(sample for i in INDICES for sample in put(i, (), False)), LEADING, SCALAR, COMPLEX_VALUES],
    "index_add": [
        *(sample for i in INDICES for sample in put(i, (), True)),
        LEADING,
        LEADING_ADD,
        COMPLEX_VALUES,
    ],
    "index_set_by": [sample for i, a in GAPS for sample in put(i, a, False)],
    "index_add_by": [sample for i, a in GAPS for sample in put(i, a, True)],
    "last_writes": [
        Sample(
            (np.array([1, 0, 1, 2, 1]),),
            {"shape": (3,), "index": _Slot(0)},
            value=lambda i: np.array([False, True, False, True, True]),
        ),
        Sample(
            (np.array([[0, 0], [1, 0]]),),
            {"shape": (2, 1), "index": (_Slot(0), 0)},
            value=lambda i: np.array([[False, False], [True, True]]),
        ),
    ],
    "take_along_axis": [
        Sample(
            (X, np.array([[0, 2, 2, 1]])),
            {"axis": 0, "unique": False},
            value=lambda x, i: np.array([[x[0, 0], x[2, 1], x[2, 2], x[1, 3]]]),
            complex_step=True,
        ),
        Sample(
            (X, np.array([[1, 1, -1], [0, 3, 2], [2, 2, 2]])),
            {"axis": -1, "unique": False},
            value=lambda x, i: np.array([[row[j] for j in places] for row, places in zip(x, i, strict=True)]),
            complex_step=True,
        ),
        Sample(
            (real(1, 4), np.array([[1, 1], [0, 3], [2, 2]])),
            {"axis": 1, "unique": False},
            value=lambda x, i: x[0][i],
            complex_step=True,
        ),
        Sample((X, np.argsort(X, axis=0)), {"axis": 0, "unique": True}, value=lambda x, i: np.sort(x, axis=0)),
    ],
    "scatter_along_axis": [
        Sample(
            (real(3, 3), np.array([[1, 1, -1], [0, 3, 2], [2, 2, 2]])),
            {"shape": (3, 4), "axis": 1, "unique": False},
            value=lambda g, i: np.stack([scattered(row, (4,), places) for row, places in zip(g, i, strict=True)]),
            complex_step=True,
        ),
        Sample(
            (real(2, 3), np.array([[1, 0, 2], [0, 1, 2]])),
            {"shape": (2, 3), "axis": 1, "unique": True},
            value=lambda g, i: np.stack([scattered(row, (3,), places) for row, places in zip(g, i, strict=True)]),
            complex_step=True,
        ),
    ],
    "nonzero": [
        Sample((np.array([[0.0, 2.0], [3.0, 0.0]]),), value=lambda x: (np.array([0, 1]), np.array([1, 0]))),
        Sample((np.array([True, False, True]),), value=lambda x: (np.array([0, 2]),)),
    ],
    "flatnonzero": [Sample((np.array([[0.0, 2.0], [3.0, 0.0]]),), value=lambda x: np.array([1, 2]))],
    "argwhere": [Sample((np.array([[0.0, 2.0], [3.0, 0.0]]),), value=lambda x: np.array([[0, 1], [1, 0]]))],
}
