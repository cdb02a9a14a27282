"""The nonlinear regression problems of NIST's Statistical Reference Datasets: models and a reader of their files.

Source: https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "nist_strd"


def saturation(b, x):
    return b[0] * (1 - np.exp(-b[1] * x))


def decay_over_line(b, x):
    return np.exp(-b[0] * x) / (b[1] + b[2] * x)


def gaussians(b, x):
    first = b[2] * np.exp(-((x - b[3]) ** 2) / b[4] ** 2)
    return b[0] * np.exp(-b[1] * x) + first + b[5] * np.exp(-((x - b[6]) ** 2) / b[7] ** 2)


def three_decays(b, x):
    return b[0] * np.exp(-b[1] * x) + b[2] * np.exp(-b[3] * x) + b[4] * np.exp(-b[5] * x)


def cubic_over_cubic(b, x):
    return (b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3) / (1 + b[4] * x + b[5] * x**2 + b[6] * x**3)


def oscillation(b, x):
    year = 2 * math.pi * x / 12
    slow, slower = 2 * math.pi * x / b[3], 2 * math.pi * x / b[6]
    return (
        b[0]
        + b[1] * np.cos(year)
        + b[2] * np.sin(year)
        + b[4] * np.cos(slow)
        + b[5] * np.sin(slow)
        + b[7] * np.cos(slower)
        + b[8] * np.sin(slower)
    )


MODELS: dict[str, Callable[[Any, Any], Any]] = {
    "Bennett5": lambda b, x: b[0] * (b[1] + x) ** (-1 / b[2]),
    "BoxBOD": saturation,
    "Chwirut1": decay_over_line,
    "Chwirut2": decay_over_line,
    "DanWood": lambda b, x: b[0] * x ** b[1],
    "ENSO": oscillation,
    "Eckerle4": lambda b, x: b[0] / b[1] * np.exp(-0.5 * ((x - b[2]) / b[1]) ** 2),
    "Gauss1": gaussians,
    "Gauss2": gaussians,
    "Gauss3": gaussians,
    "Hahn1": cubic_over_cubic,
    "Kirby2": lambda b, x: (b[0] + b[1] * x + b[2] * x**2) / (1 + b[3] * x + b[4] * x**2),
    "Lanczos1": three_decays,
    "Lanczos2": three_decays,
    "Lanczos3": three_decays,
    "MGH09": lambda b, x: b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3]),
    "MGH10": lambda b, x: b[0] * np.exp(b[1] / (x + b[2])),
    "MGH17": lambda b, x: b[0] + b[1] * np.exp(-x * b[3]) + b[2] * np.exp(-x * b[4]),
    "Misra1a": saturation,
    "Misra1b": lambda b, x: b[0] * (1 - (1 + b[1] * x / 2) ** -2),
    "Misra1c": lambda b, x: b[0] * (1 - (1 + 2 * b[1] * x) ** -0.5),
    "Misra1d": lambda b, x: b[0] * b[1] * x / (1 + b[1] * x),
    "Nelson": lambda b, x: b[0] - b[1] * x[0] * np.exp(-b[2] * x[1]),
    "Rat42": lambda b, x: b[0] / (1 + np.exp(b[1] - b[2] * x)),
    "Rat43": lambda b, x: b[0] / (1 + np.exp(b[1] - b[2] * x)) ** (1 / b[3]),
    "Roszman1": lambda b, x: b[0] - b[1] * x - np.arctan(b[2] / (x - b[3])) / math.pi,
    "Thurber": cubic_over_cubic,
}


@dataclass(frozen=True)
class Regression:
    """One of the problems.

    Attributes:
        name: of the dataset.
        starts: the two starts.
        certified: the parameters, to 11 digits.
        squares: the certified sum of squared residuals.
        residuals: a function of the parameters.
    """

    name: str
    starts: tuple[np.ndarray, np.ndarray]
    certified: np.ndarray
    squares: float
    residuals: Callable[[Any], Any]

    def digits(self, parameters: np.ndarray) -> float:
        """How many digits of the worst parameter agree with the certified ones (at most 11)."""
        with np.errstate(all="ignore"):
            error = np.abs(parameters - self.certified) / np.abs(self.certified)
            worst = float(np.max(error))
        return max(0.0, min(11.0, -math.log10(max(worst, 1e-11)))) if math.isfinite(worst) else 0.0


def regression(name: str) -> Regression:
    """Read one of the files."""
    lines = (FOLDER / f"{name}.dat").read_text().splitlines()
    rows = [re.match(r"\s*b\d+\s*=\s*(.*)", line) for line in lines[40:60]]
    table = np.array([[float(number) for number in row[1].split()[:3]] for row in rows if row])
    squares = next(float(line.split(":")[1]) for line in lines if line.startswith("Residual Sum of Squares"))
    numbers = [[float(number) for number in line.split()] for line in lines[60:] if line.strip()]
    data = np.array(numbers).T
    y, x = (np.log(data[0]), data[1:]) if name == "Nelson" else (data[0], data[1])
    model = MODELS[name]
    return Regression(name, (table[:, 0], table[:, 1]), table[:, 2], squares, lambda b: model(b, x) - y)
