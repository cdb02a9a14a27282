"""Samples of sorting, searching and sets."""

from __future__ import annotations

import numpy as np

from .sample import Sample, real

X = real(3, 4)
TIES = np.array([2.0, 1.0, 2.0, 1.0, 3.0])
WORD = np.array([3, 1, 3, 2, 1, 3])


def by_hand(x, descending=False):
    """The entries of a vector in order, by insertion."""
    ordered = []
    for entry in x:
        place = sum(1 for other in ordered if (other >= entry if descending else other <= entry))
        ordered.insert(place, entry)
    return np.array(ordered)


SAMPLES: dict[str, list[Sample]] = {
    "sort": [
        Sample((X,), {"axis": -1, "descending": False}, value=lambda x: np.stack([by_hand(row) for row in x])),
        Sample((X,), {"axis": 0, "descending": False}, value=lambda x: np.stack([by_hand(c) for c in x.T], axis=1)),
        Sample((X,), {"axis": 1, "descending": True}, value=lambda x: np.stack([by_hand(row, True) for row in x])),
        Sample((X[0] + 1j * X[1],), {"axis": 0, "descending": False}, value=np.sort_complex),
    ],
    "argsort": [
        Sample((X,), {"axis": 0, "descending": False}, value=lambda x: np.argsort(x, axis=0)),
        Sample((TIES,), {"axis": 0, "descending": False}, value=lambda x: np.array([1, 3, 0, 2, 4])),
        Sample((TIES,), {"axis": -1, "descending": True}, value=lambda x: np.array([4, 0, 2, 1, 3])),
        Sample((np.array([1.0, np.nan, 2.0]),), {"axis": 0, "descending": True}, value=lambda x: np.array([1, 2, 0])),
    ],
    "argpartition": [
        Sample((np.array([3.0, 1.0, 2.0]),), {"kth": (0, 1, 2), "axis": 0}, value=lambda x: np.array([1, 2, 0])),
    ],
    "argtopk": [
        Sample((TIES,), {"k": 2, "axis": 0, "largest": True}, value=lambda x: np.array([4, 0])),
        Sample((TIES,), {"k": 3, "axis": -1, "largest": False}, value=lambda x: np.array([1, 3, 0])),
        Sample((X,), {"k": 1, "axis": 1, "largest": True}, value=lambda x: np.argmax(x, axis=1)[:, None]),
        Sample((X,), {"k": 0, "axis": 1, "largest": True}, value=lambda x: np.zeros((3, 0), np.intp)),
    ],
    "lexsort": [
        Sample((np.array([2, 1, 3]), np.array([1, 1, 0])), {"axis": -1}, value=lambda a, b: np.array([2, 1, 0])),
    ],
    "searchsorted": [
        Sample(
            (np.array([1.0, 2.0, 2.0, 3.0]), np.array([[2.0], [9.0]])),
            {"side": "left"},
            value=lambda a, v: np.array([[1], [4]]),
        ),
        Sample((np.array([1.0, 2.0, 2.0, 3.0]), np.float64(2.0)), {"side": "right"}, value=lambda a, v: np.intp(3)),
        Sample(
            (np.array([3.0, 1.0, 2.0]), np.array([2.5]), np.array([1, 2, 0])),
            {"side": "left"},
            value=lambda a, v, sorter: np.array([2]),
        ),
    ],
    "digitize": [
        Sample(
            (np.array([0.5, 1.0]), np.array([0.0, 1.0, 2.0])), {"right": False}, value=lambda x, bins: np.array([1, 2])
        ),
        Sample(
            (np.array([0.5, 1.0]), np.array([0.0, 1.0, 2.0])), {"right": True}, value=lambda x, bins: np.array([1, 1])
        ),
    ],
    "isin": [
        Sample((WORD, np.array([2, 9])), {"invert": False}, value=lambda x, e: x == 2),
        Sample((WORD, np.array([2, 9])), {"invert": True}, value=lambda x, e: x != 2),
    ],
    "unique_positions": [
        Sample(
            (WORD,),
            {"axis": None, "equal_nan": False},
            value=lambda x: (np.array([1, 3, 0]), np.array([2, 0, 2, 1, 0, 2]), np.array([2, 1, 3])),
        ),
        Sample(
            (np.array([[1.0, 2.0], [0.0, 5.0], [1.0, 2.0]]),),
            {"axis": 0, "equal_nan": False},
            value=lambda x: (np.array([1, 0]), np.array([1, 0, 1]), np.array([1, 2])),
        ),
    ],
}
