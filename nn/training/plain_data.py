"""Nested plain data with arrays in it, as JSON text and a table of arrays.

Written as JSON as they are: ``None``, truth values, integers, finite floats (whose text gives back the same
float), text, lists, and dicts whose keys are text. All else is an object with the key ``"$"``, which says
what it stands for; arrays stay outside, under the path that leads to them. Reading it back makes exactly
these kinds of values, so nothing in the text is ever run.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

__all__ = ["decode", "encode"]

MAX_DEPTH = 100
MARK = "$"


def encode(value: Any, name: str = "data") -> tuple[str, dict[str, Any]]:
    """Take nested data apart.

    Args:
        value: dicts, lists, tuples, numbers, text, ``None``, arrays and Tensors, nested.
        name: what errors call it.

    Returns:
        The JSON text, and the arrays by name.

    Raises:
        TypeError: naming the place of a value of any other type.
        ValueError: for data nested too deep, in themselves for instance.

    >>> import numpy as np
    >>> text, arrays = encode({"step": 3, "betas": (0.9, 0.999), "moments": [np.zeros(2)]})
    >>> print(text)
    {"step":3,"betas":{"$":"tuple","items":[0.9,0.999]},"moments":[{"$":"array","name":"moments.0"}]}
    >>> arrays
    {'moments.0': array([0., 0.])}
    """
    arrays: dict[str, Any] = {}
    encoded = _Encoder(name, arrays).encode(value, ())
    return json.dumps(encoded, ensure_ascii=False, separators=(",", ":"), allow_nan=False), arrays


class _Encoder:
    def __init__(self, name: str, arrays: dict[str, Any]) -> None:
        self.name, self.arrays = name, arrays

    def encode(self, value: Any, path: tuple[str, ...]) -> Any:
        if len(path) > MAX_DEPTH:
            raise ValueError(
                explain(
                    self.name,
                    expected=f"data nested at most {MAX_DEPTH} deep",
                    got=f"deeper at {'.'.join(path[:5])}...",
                    remedy="look for a list or a dict that holds itself",
                )
            )
        if value is None or isinstance(value, bool | str) or type(value) is int:
            return value
        if isinstance(value, np.ndarray):
            return self._array("array", value, path)
        if isinstance(value, Tensor):
            return self._array("tensor", value._data, path)
        if isinstance(value, np.generic):
            return self._array("scalar", np.asarray(value), path)
        if isinstance(value, float | complex | int):
            return _number(value)
        if isinstance(value, list):
            return self._items(value, path)
        if isinstance(value, tuple):
            return {MARK: "tuple", "items": self._items(value, path)}
        if isinstance(value, Mapping):
            return self._mapping(value, path)
        raise TypeError(
            explain(
                self.name,
                expected="plain data: numbers, text, lists, dicts, arrays",
                got=f"a {type(value).__name__} at {'.'.join(path) or 'the top'}",
                remedy="keep only plain data in what state_dict returns",
            )
        )

    def _items(self, values: Any, path: tuple[str, ...]) -> list[Any]:
        return [self.encode(entry, (*path, str(position))) for position, entry in enumerate(values)]

    def _mapping(self, value: Mapping[Any, Any], path: tuple[str, ...]) -> Any:
        entries = [(key, self.encode(entry, (*path, str(key)))) for key, entry in value.items()]
        if all(type(key) is str and key != MARK for key, _ in entries):
            return dict(entries)
        return {MARK: "dict", "items": [[self._key(key, path), entry] for key, entry in entries]}

    def _key(self, key: Any, path: tuple[str, ...]) -> Any:
        if isinstance(key, np.ndarray | Tensor | np.generic | list | Mapping):
            raise TypeError(
                explain(
                    self.name,
                    expected="keys that are numbers or text",
                    got=f"a {type(key).__name__} at {'.'.join(path) or 'the top'}",
                    remedy="use plain keys",
                )
            )
        return self.encode(key, path)

    def _array(self, kind: str, array: Any, path: tuple[str, ...]) -> dict[str, Any]:
        name = base = ".".join(path) or kind
        number = 1
        while name in self.arrays:  # keys may have dots in them
            number += 1
            name = f"{base}#{number}"
        if array.dtype == np.complex128:  # which files of this kind do not know
            self.arrays[name] = np.stack([array.real, array.imag], axis=-1)
            return {MARK: kind, "name": name, "complex": True}
        self.arrays[name] = array
        return {MARK: kind, "name": name}


def _number(value: complex) -> Any:
    if isinstance(value, int):  # of a class of its own, such as an IntEnum
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {MARK: "float", "value": repr(float(value))}
    return {MARK: "complex", "value": [_number(value.real), _number(value.imag)]}


def decode(text: str, arrays: Mapping[str, Any]) -> Any:
    """Put together what ``encode`` took apart.

    Raises:
        ValueError: for a text that ``encode`` does not write, or that names an array that is not there.

    >>> import numpy as np
    >>> decode(*encode({1: (np.arange(2), float("inf"))}))
    {1: (array([0, 1]), inf)}
    """

    def refuse(name: str) -> Any:
        raise ValueError(f"{name} is not JSON")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("a key stands there twice")
        return found

    try:
        return _decode(json.loads(text, parse_constant=refuse, object_pairs_hook=unique), arrays, 0)
    except (RecursionError, TypeError, LookupError, AttributeError, OverflowError) as error:
        raise ValueError(f"no such data ({type(error).__name__}: {error})") from None


def _decode(value: Any, arrays: Mapping[str, Any], depth: int) -> Any:
    if depth > 3 * MAX_DEPTH:
        raise ValueError("nested too deep")
    if isinstance(value, list):
        return [_decode(entry, arrays, depth + 1) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):  # a number beyond the range, such as 1e999
        raise ValueError("a number out of range")
    if not isinstance(value, dict):
        return value
    if MARK not in value:
        return {key: _decode(entry, arrays, depth + 1) for key, entry in value.items()}
    kind = value[MARK]
    if kind in ("array", "tensor", "scalar"):
        array = arrays[value["name"]]
        if value.get("complex"):
            array = array.view(np.complex128).reshape(array.shape[:-1])
        return FROM_ARRAY[kind](array)
    if kind == "tuple":
        return tuple(_decode(entry, arrays, depth + 1) for entry in value["items"])
    if kind == "dict":
        return {_decode(key, arrays, depth + 1): _decode(entry, arrays, depth + 1) for key, entry in value["items"]}
    if kind == "float" and value["value"] in ("nan", "inf", "-inf"):
        return float(value["value"])
    if kind == "complex":
        real, imaginary = (_decode(part, arrays, depth + 1) for part in value["value"])
        return complex(real, imaginary)
    raise ValueError(f"an unknown kind of value, {kind!a}")


FROM_ARRAY: dict[str, Callable[[Any], Any]] = {
    "array": lambda array: array,
    "tensor": Tensor,
    "scalar": lambda array: array[()],
}
