"""Samples of shapes, joining and splitting, rearranging, diagonals and padding."""

from __future__ import annotations

import numpy as np

from .sample import Sample, real

A = real(3, 4)
B = real(2, 3, 4)
C = real(3, 2) + 1j * real(3, 2)[::-1]
NUMBER = np.float64(1.3)
ORDER = [[[x * 12 + y * 4 + z for z in range(4)] for y in range(3)] for x in range(2)]


def linear(x, attributes, value, **options):
    """A sample of an operation that rearranges entries, so that it works on complex numbers too."""
    return Sample((x,), attributes, value=value, complex_step=True, **options)


def by_map(x, index):
    """The entries of ``x`` at the flat places ``index``, negative ones standing for 0."""
    index = np.asarray(index)
    return np.where(index < 0, 0, np.ravel(x)[np.maximum(index, 0)])


def shown(indices):
    """The reference for padding: which entry along each axis each place shows."""
    return lambda x: x[np.ix_(*indices)]


REFLECT = {"widths": ((2, 1), (0, 3)), "mode": "reflect"}
SYMMETRIC = {"widths": ((2, 1), (0, 3)), "mode": "symmetric"}
WRAP = {"widths": ((2, 1), (5, 3)), "mode": "wrap"}
EDGE = {"widths": ((2, 1), (0, 3)), "mode": "edge"}
MODES = [
    (REFLECT, ([2, 1, 0, 1, 2, 1], [0, 1, 2, 3, 2, 1, 0])),
    (SYMMETRIC, ([1, 0, 0, 1, 2, 2], [0, 1, 2, 3, 3, 2, 1])),
    (WRAP, ([1, 2, 0, 1, 2, 0], [3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2])),
    (EDGE, ([0, 0, 0, 1, 2, 2], [0, 1, 2, 3, 3, 3, 3])),
]


def adjoint(indices, shape):
    """The reference for the transpose of padding: add every entry to the place that it shows."""

    def value(g):
        total = np.zeros(shape, g.dtype)
        for position in np.ndindex(*g.shape):
            total[tuple(index[i] for index, i in zip(indices, position, strict=True))] += g[position]
        return total

    return value


def windows(x):
    return np.array([[[[x[i + k, j + m] for m in range(3)] for k in range(2)] for j in range(2)] for i in range(2)])


def windows_back(g):
    total = np.zeros((3, 4), g.dtype)
    for i, j, k, m in np.ndindex(*g.shape):
        total[i + k, j + m] += g[i, j, k, m]
    return total


SAMPLES: dict[str, list[Sample]] = {
    "reshape": [
        linear(B, {"shape": (4, 6)}, lambda x: np.array(list(x.flat)).reshape(4, 6)),
        linear(B, {"shape": (-1,)}, lambda x: np.array(list(x.flat))),
        linear(B, {"shape": (4, -1), "order": "F"}, lambda x: x.T.copy().reshape(6, 4).T),
        linear(NUMBER, {"shape": (1, 1)}, lambda x: np.array([[x]])),
        linear(real(1), {"shape": ()}, lambda x: x[0]),
    ],
    "expand_dims": [
        linear(A, {"axis": 0}, lambda x: x[None]),
        linear(A, {"axis": -1}, lambda x: x[:, :, None]),
        linear(A, {"axis": (0, 2)}, lambda x: x[None, :, None, :]),
        linear(NUMBER, {"axis": 0}, lambda x: np.array([x])),
    ],
    "squeeze": [
        linear(real(3, 1, 4, 1), {"axes": None}, lambda x: x[:, 0, :, 0]),
        linear(real(3, 1, 4, 1), {"axes": (1,)}, lambda x: x[:, 0]),
        linear(real(3, 1, 4, 1), {"axes": -1}, lambda x: x[..., 0]),
        linear(NUMBER, {"axes": None}, lambda x: x),
    ],
    "permute_dims": [
        linear(B, {"axes": (1, 2, 0)}, lambda x: np.einsum("ijk->jki", x)),
        linear(B, {"axes": (-1, 0, 1)}, lambda x: np.einsum("ijk->kij", x)),
        linear(B, {"axes": None}, lambda x: np.einsum("ijk->kji", x)),
        linear(NUMBER, {"axes": None}, lambda x: x),
    ],
    "swapaxes": [
        linear(B, {"axis1": 0, "axis2": -1}, lambda x: np.einsum("ijk->kji", x)),
        linear(A, {"axis1": 0, "axis2": 1}, lambda x: np.einsum("ij->ji", x)),
    ],
    "clone": [linear(A, {}, lambda x: x + 0), linear(NUMBER, {"order": "C"}, lambda x: x)],
    "concat": [
        Sample(
            (A, real(1, 4), real(2, 4)),
            {"axis": 0},
            value=lambda *arrays: np.array([row for x in arrays for row in x]),
            complex_step=True,
        ),
        Sample((A, real(3, 1)), {"axis": -1}, value=lambda x, y: np.array([[*r, *s] for r, s in zip(x, y)])),
        Sample((real(3), real(0), real(3)), {"axis": 0}, value=lambda x, y, z: np.array([*x, *z])),
        Sample((C, A[:, :2]), {"axis": 1}, value=lambda x, y: np.array([[*r, *s] for r, s in zip(x, y)])),
    ],
    "stack": [
        Sample((A, 2 * A), {"axis": 0}, value=lambda x, y: np.array([x, y]), complex_step=True),
        Sample((A, 2 * A, 3 * A), {"axis": -1}, value=lambda *a: np.moveaxis(np.array(a), 0, 2)),
        Sample((NUMBER, np.float64(2.5)), {"axis": 0}, value=lambda x, y: np.array([x, y])),
    ],
    "unstack": [
        linear(A, {"axis": 0}, lambda x: tuple(x[i] for i in range(3))),
        linear(B, {"axis": 2}, lambda x: tuple(x[..., i] for i in range(4))),
        linear(real(3), {"axis": -1}, lambda x: tuple(x)),
    ],
    "split": [
        linear(A, {"at": 2, "axis": 1}, lambda x: (x[:, :2], x[:, 2:])),
        linear(A, {"at": 2, "axis": 0}, lambda x: (x[:2], x[2:])),
        linear(A, {"at": (1, 1, 3), "axis": 1}, lambda x: (x[:, :1], x[:, 1:1], x[:, 1:3], x[:, 3:])),
        linear(real(2), {"at": 3, "axis": 0}, lambda x: (x[:1], x[1:], x[:0])),
    ],
    "flip": [
        linear(A, {"axis": 0}, lambda x: np.array([x[2], x[1], x[0]])),
        linear(A, {"axis": None}, lambda x: np.array(list(x.flat)[::-1]).reshape(3, 4)),
        linear(B, {"axis": (0, 2)}, lambda x: x[::-1, :, ::-1]),
    ],
    "roll": [
        linear(A, {"shift": 1, "axis": 0}, lambda x: np.array([x[2], x[0], x[1]])),
        linear(A, {"shift": -5, "axis": None}, lambda x: np.array([*x.flat][5:] + [*x.flat][:5]).reshape(3, 4)),
        linear(A, {"shift": (1, 2), "axis": (0, 1)}, lambda x: x[[2, 0, 1]][:, [2, 3, 0, 1]]),
        linear(A, {"shift": (1, 2), "axis": (1, 1)}, lambda x: x[:, [1, 2, 3, 0]]),
    ],
    "tile": [
        linear(A, {"reps": (2,)}, lambda x: np.array([[*row, *row] for row in x])),
        linear(A[0], {"reps": (2, 1, 3)}, lambda x: np.array([[[*x, *x, *x]], [[*x, *x, *x]]])),
        linear(NUMBER, {"reps": (3,)}, lambda x: np.array([x, x, x])),
        linear(A, {"reps": (0, 1)}, lambda x: x[:0]),
    ],
    "repeat": [
        linear(A, {"repeats": 2, "axis": 1}, lambda x: x[:, [0, 0, 1, 1, 2, 2, 3, 3]]),
        linear(A, {"repeats": 3, "axis": 0}, lambda x: x[[0, 0, 0, 1, 1, 1, 2, 2, 2]]),
        linear(A, {"repeats": 0, "axis": 0}, lambda x: x[:0]),
    ],
    "diagonal": [
        linear(A, {}, lambda x: np.array([x[0, 0], x[1, 1], x[2, 2]])),
        linear(A, {"offset": 2}, lambda x: np.array([x[0, 2], x[1, 3]])),
        linear(A, {"offset": -1, "axis1": 1, "axis2": 0}, lambda x: np.array([x[0, 1], x[1, 2], x[2, 3]])),
        linear(B, {"offset": -1, "axis1": -2, "axis2": -1}, lambda x: x[:, [1, 2], [0, 1]]),
        linear(
            B,
            {"offset": 0, "axis1": 0, "axis2": 2},
            lambda x: np.array(
                [
                    [p[0][i], p[1][i]]
                    for i, p in zip(range(3), [(x[0, j, 0] * np.ones(3), x[1, j, 1] * np.ones(3)) for j in range(3)])
                ]
            ),
        ),
    ],
    "embed_diagonal": [
        linear(
            real(3),
            {"shape": (3, 4), "offset": 1, "axis1": 0, "axis2": 1},
            lambda x: by_map(x, [[-1, 0, -1, -1], [-1, -1, 1, -1], [-1, -1, -1, 2]]),
        ),
        linear(
            real(2),
            {"shape": (3, 3), "offset": 1, "axis1": 1, "axis2": 0},
            lambda x: by_map(x, [[-1, -1, -1], [0, -1, -1], [-1, 1, -1]]),
        ),
        linear(
            real(2, 2),
            {"shape": (2, 2, 2), "offset": 0, "axis1": 0, "axis2": 2},
            lambda x: by_map(x, [[[0, -1], [2, -1]], [[-1, 1], [-1, 3]]]),
        ),
    ],
    "tril": [
        linear(A, {}, lambda x: by_map(x, [[0, -1, -1, -1], [4, 5, -1, -1], [8, 9, 10, -1]])),
        linear(A, {"k": 1}, lambda x: by_map(x, [[0, 1, -1, -1], [4, 5, 6, -1], [8, 9, 10, 11]])),
        linear(B, {"k": -1}, lambda x: x * (np.arange(3)[:, None] > np.arange(4))),
        linear(real(2), {}, lambda x: np.array([[x[0], 0], [x[0], x[1]]])),
    ],
    "triu": [
        linear(A, {}, lambda x: by_map(x, [[0, 1, 2, 3], [-1, 5, 6, 7], [-1, -1, 10, 11]])),
        linear(A, {"k": -1}, lambda x: by_map(x, [[0, 1, 2, 3], [4, 5, 6, 7], [-1, 9, 10, 11]])),
        linear(B, {"k": 1}, lambda x: x * (np.arange(3)[:, None] < np.arange(4))),
    ],
    "pad": [
        linear(
            A,
            {"widths": ((1, 0), (0, 2)), "mode": "constant", "constant_values": 0},
            lambda x: np.array([[0] * 6, *([*row, 0, 0] for row in x)]),
        ),
        linear(
            real(2),
            {"widths": ((1, 2),), "mode": "constant", "constant_values": ((5, 6),)},
            lambda x: np.array([5, *x, 6, 6]),
        ),
        *(linear(A, attributes, shown(indices)) for attributes, indices in MODES),
        linear(real(1), {"widths": ((1, 2),), "mode": "reflect"}, shown(([0, 0, 0, 0],))),
    ],
    "pad_transpose": [
        linear(real(6, 12 if a is WRAP else 7), {"shape": (3, 4), **a}, adjoint(indices, (3, 4)))
        for a, indices in MODES
    ],
    "pad_integers": [
        Sample((np.array([1, 4]),), {"widths": ((1, 1),), "mode": "maximum"}, value=lambda x: np.array([4, 1, 4, 4])),
    ],
    "sliding_window_view": [
        linear(A, {"window": (2, 3), "axes": (0, 1)}, windows),
        linear(real(5), {"window": (2,), "axes": (0,)}, lambda x: np.array([[x[i], x[i + 1]] for i in range(4)])),
        linear(
            real(5),
            {"window": (2, 2), "axes": (0, 0)},
            lambda x: np.array([[[x[i], x[i + 1]], [x[i + 1], x[i + 2]]] for i in range(3)]),
        ),
    ],
    "window_transpose": [
        linear(windows(A), {"shape": (3, 4), "window": (2, 3), "axes": (0, 1)}, windows_back),
    ],
}
