"""Functions that are hard to minimize, with their usual starts and where their minima are."""

from __future__ import annotations

import math

import numpy as np


def rosenbrock(x):
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def powell(x):
    """Powell's singular function: the Hessian at the minimum has rank 2."""
    return (x[0] + 10 * x[1]) ** 2 + 5 * (x[2] - x[3]) ** 2 + (x[1] - 2 * x[2]) ** 4 + 10 * (x[0] - x[3]) ** 4


def beale(x):
    return (1.5 - x[0] * (1 - x[1])) ** 2 + (2.25 - x[0] * (1 - x[1] ** 2)) ** 2 + (2.625 - x[0] * (1 - x[1] ** 3)) ** 2


def wood(x):
    valleys = 100 * (x[1] - x[0] ** 2) ** 2 + 90 * (x[3] - x[2] ** 2) ** 2
    sides = (1 - x[0]) ** 2 + (1 - x[2]) ** 2
    return valleys + sides + 10.1 * ((x[1] - 1) ** 2 + (x[3] - 1) ** 2) + 19.8 * (x[1] - 1) * (x[3] - 1)


def himmelblau(x):
    return (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2


CONDITION = 1e6
SCALES = np.logspace(0, math.log10(CONDITION), 12)
TURNED, _ = np.linalg.qr(np.random.default_rng(5).standard_normal((12, 12)))
MATRIX = TURNED.T @ np.diag(SCALES) @ TURNED


def quadratic(x):
    """A quadratic function whose Hessian has the condition number 10⁶; its minimum is at (1, 1, ...)."""
    return 0.5 * (x - 1) @ (MATRIX @ (x - 1))


# name -> function, start, minimum (one of several for Himmelblau's, the one that is near the start)
FUNCTIONS = {
    "rosenbrock": (rosenbrock, np.array([-1.2, 1.0]), np.ones(2)),
    "powell": (powell, np.array([3.0, -1.0, 0.0, 1.0]), np.zeros(4)),
    "beale": (beale, np.array([1.0, 1.0]), np.array([3.0, 0.5])),
    "wood": (wood, np.array([-3.0, -1.0, -3.0, -1.0]), np.ones(4)),
    "himmelblau": (himmelblau, np.array([1.0, 1.0]), np.array([3.0, 2.0])),
    "quadratic": (quadratic, np.zeros(12), np.ones(12)),
}
