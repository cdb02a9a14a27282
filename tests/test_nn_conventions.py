"""The rows of the second table of ``docs/conventions.md``: units and losses at their kinks."""

from __future__ import annotations

import re

import numpy as np
import pytest

from nn import functional as F
from tests.test_conventions import DOCUMENT, NAMES, inputs_of


def rows() -> list[tuple[str, str, str]]:
    """Function, inputs and gradients of every row, without the backticks."""
    section = DOCUMENT.read_text(encoding="utf-8").split("## Units and losses", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [tuple(re.findall(r"\| `([^`]+)` (?=\|)", line)[:3]) for line in lines]


ROWS = rows()


@pytest.mark.parametrize(("function", "at", "expected"), ROWS, ids=[f"{f} at {at}" for f, at, _ in ROWS])
def test_row(function, at, expected):
    inputs = inputs_of(at)
    table = eval(function, {"F": F, **NAMES, **inputs}).sum().backward()
    for x, value in zip(inputs.values(), eval(f"[{expected}]", dict(NAMES)), strict=True):
        np.testing.assert_allclose(table[x].tolist(), value, rtol=1e-15)


def test_the_table_is_found():
    assert len(ROWS) > 15
