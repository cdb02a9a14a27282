"""Values on one line, short enough for a picture."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from autograd_core.values import entries_of

# Arrays of up to this many entries are written out.
WRITTEN_OUT = 4


def number(value: Any, digits: int) -> str:
    """A number to ``digits`` significant digits, without trailing zeros.

    >>> number(0.2983711088, 6), number(12, 6), number(True, 6), number(1 + 2j, 6)
    ('0.298371', '12', 'True', '1+2j')
    """
    if isinstance(value, bool | np.bool_ | int | np.integer):
        return str(value)
    return format(value + 0, f".{digits}g")  # + 0: no minus sign on a zero


def array(value: Any, digits: int) -> str:
    """The entries of a small array; shape and range of a large one.

    >>> array(np.array([0.5, 2.0]), 6), array(np.arange(12.0).reshape(3, 4), 6)
    ('[0.5, 2]', '(3, 4) in [0, 11]')
    """
    value = entries_of(value)
    if value.ndim == 0:
        return number(value[()], digits)
    if value.size <= WRITTEN_OUT:
        return _entries(value, digits)
    shape = f"{value.shape}"
    if value.dtype.kind == "c":
        return f"{shape} complex"
    finite = value[np.isfinite(value)]
    if finite.size == 0:
        return f"{shape} of nan or inf"
    bad = value.size - finite.size
    if not bad and finite.min() == finite.max():
        return f"{shape} all {number(finite.min(), digits)}"
    low, high = number(finite.min(), min(digits, 3)), number(finite.max(), min(digits, 3))
    return f"{shape} in [{low}, {high}]" + (f", {bad} nan or inf" if bad else "")


def _entries(value: Any, digits: int) -> str:
    if value.size == 0:
        return f"{value.shape} empty"
    text = np.array2string(value, separator=", ", formatter={"all": lambda entry: number(entry, digits)})
    return " ".join(text.split())


def short(value: Any, digits: int = 6) -> str:
    """Anything that can be an input of an operation: a number, an array, an index, a tuple of these."""
    if isinstance(value, bool | int | float | complex):
        return number(value, digits)
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return array(value, digits)
    if isinstance(value, tuple | list):
        inner = ", ".join(short(item, digits) for item in value)
        return f"({inner})" if isinstance(value, tuple) else f"[{inner}]"
    if isinstance(value, slice):
        ends = ("" if end is None else str(end) for end in (value.start, value.stop))
        return ":".join(ends) + ("" if value.step is None else f":{value.step}")
    return "..." if value is Ellipsis else str(value)


def counted(count: int, word: str) -> str:
    """A number of things.

    >>> counted(1, "node"), counted(2, "node")
    ('1 node', '2 nodes')
    """
    return f"{count} {word}{'' if count == 1 else 's'}"


def clipped(text: str, width: int) -> str:
    """``text`` on one line of at most ``width`` characters.

    >>> clipped("layers.0.weight", 10)
    'layers.0.…'
    """
    return cut(" ".join(text.split()), width)


def cut(text: str, width: int) -> str:
    """``text`` as it is, but of at most ``width`` characters."""
    return text if len(text) <= width else text[: width - 1] + "…"


def shortened(name: str, width: int) -> str:
    """A name of at most ``width`` characters: its begin and its end, which tell more than the middle.

    >>> shortened("encoder.layers.0.weight", 16)
    'encoder.….weight'
    """
    half = width // 2
    return name if len(name) <= width else f"{name[:half]}…{name[len(name) - width + half + 1 :]}"


def printable(text: str) -> str:
    """``text`` without the characters that XML and UTF-8 cannot hold."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def as_json(data: Any, **options: Any) -> str:
    r"""``data`` as JSON in readable letters that UTF-8 can hold: half a surrogate pair is written by its number.

    >>> print(as_json(["λ", "\ud800"]))
    ["λ", "\ud800"]
    """
    return json.dumps(data, ensure_ascii=False, **options).encode("utf-8", "backslashreplace").decode()
