"""Linear algebra."""

from __future__ import annotations

import operator

import numpy as np

from ..primitive import define

__all__ = ["matmul"]

matmul = define("matmul", operator.matmul, lambda g, out, x, y: g @ np.swapaxes(y, -1, -2), lambda g, out, x, y: np.swapaxes(x, -1, -2) @ g, numpy=np.matmul, symbol="@", formulas=("g {b}ᵀ", "{a}ᵀ g"))
