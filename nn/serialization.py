"""Weights in files: safetensors and NumPy's ``.npz``. Reading one never runs code."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from autograd_core.errors import explain

from . import npz_format, safetensors_format
from .module import Module

__all__ = [
    "load_npz",
    "load_safetensors",
    "load_weights",
    "read_safetensors_metadata",
    "save_npz",
    "save_safetensors",
    "save_weights",
]

Path_ = str | os.PathLike[str]


def save_safetensors(state: Mapping[str, Any], path: Path_, metadata: Mapping[str, str] | None = None) -> None:
    """Save arrays in a safetensors file, which PyTorch, JAX and others read too.

    The file is written atomically: under ``path`` stands the old file or the whole new one, whenever the
    process or the machine stops.

    Args:
        state: name -> array or Tensor, such as ``model.state_dict()``.
        path: the file; an existing one is replaced.
        metadata: strings to keep beside the arrays.

    Raises:
        TypeError: for dtypes that the format does not know (complex128 among them), and for names or metadata
            that are not strings.

    >>> import nn, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nn.save_safetensors({"w": [[1.0, 2.0]]}, f"{folder}/w.safetensors", metadata={"made by": "hand"})
    ...     nn.load_safetensors(f"{folder}/w.safetensors")
    {'w': array([[1., 2.]])}
    """
    safetensors_format.write(path, state, metadata)


def load_safetensors(path: Path_) -> dict[str, Any]:
    """Load the arrays of a safetensors file.

    Args:
        path: the file.

    Returns:
        Name -> array, in the order of the file's header. bfloat16, which NumPy lacks, comes as float32 of the
        same values.

    Raises:
        FileFormatError: if the file is truncated, corrupted or no safetensors file.

    >>> import nn, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nn.save_safetensors(nn.Linear(3, 2).state_dict(), f"{folder}/linear.safetensors")
    ...     list(nn.load_safetensors(f"{folder}/linear.safetensors"))
    ['weight', 'bias']
    """
    return safetensors_format.read(path)[0]


def read_safetensors_metadata(path: Path_) -> dict[str, str]:
    """The strings that a safetensors file keeps beside its arrays.

    Raises:
        FileFormatError: as ``load_safetensors``.

    >>> import nn, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nn.save_safetensors({}, f"{folder}/a.safetensors", metadata={"epochs": "40"})
    ...     nn.read_safetensors_metadata(f"{folder}/a.safetensors")
    {'epochs': '40'}
    """
    return safetensors_format.read(path)[1]


def save_npz(state: Mapping[str, Any], path: Path_, compressed: bool = False) -> None:
    """Save arrays in an ``.npz`` archive, which ``numpy.load`` reads too; atomically, as ``save_safetensors``.

    Unlike ``numpy.savez`` it takes every string as a name and adds no suffix to ``path``, and the same arrays
    give the same bytes.

    Args:
        state: name -> array or Tensor of numbers or truth values.
        path: the file; an existing one is replaced.
        compressed: whether to compress the arrays, which takes long and helps little with weights.

    Raises:
        TypeError: for arrays of objects or text.

    >>> import nn, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nn.save_npz({"file": [1, 2]}, f"{folder}/a.npz")
    ...     nn.load_npz(f"{folder}/a.npz")
    {'file': array([1, 2])}
    """
    npz_format.write(path, state, compressed)


def load_npz(path: Path_) -> dict[str, Any]:
    """Load the arrays of an ``.npz`` archive. Pickled objects are refused.

    Args:
        path: the file, written by ``save_npz``, ``numpy.savez`` or ``numpy.savez_compressed``.

    Returns:
        Name -> array, in the order of the archive.

    Raises:
        FileFormatError: if the file is truncated, corrupted, no such archive, or holds anything but numbers.

    >>> import nn, numpy as np, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/a.npz", w=np.ones(2))
    ...     nn.load_npz(f"{folder}/a.npz")
    {'w': array([1., 1.])}
    """
    return npz_format.read(path)


def _format(path: Path_, operation: str) -> str:
    suffix = Path(path).suffix.lower()
    if suffix not in (".safetensors", ".npz"):
        raise ValueError(
            explain(
                operation,
                expected="a name that ends in .safetensors or .npz, which chooses the format",
                got=os.fspath(path),
                remedy="add .safetensors",
            )
        )
    return suffix


def save_weights(model: Module, path: Path_) -> None:
    """Save a model's parameters and buffers, atomically.

    Args:
        model: the module.
        path: a name ending in ``.safetensors`` or ``.npz``; an existing file is replaced.

    Raises:
        ValueError: for another suffix.

    >>> import nn, tempfile
    >>> model, copy = nn.Linear(3, 2), nn.Linear(3, 2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nn.save_weights(model, f"{folder}/model.safetensors")
    ...     keys = nn.load_weights(copy, f"{folder}/model.safetensors")
    >>> bool((copy.weight == model.weight).all())
    True
    """
    write = save_safetensors if _format(path, "save_weights") == ".safetensors" else save_npz
    write(model.state_dict(), path)


def load_weights(model: Module, path: Path_, strict: bool = True) -> Any:
    """Load a model's parameters and buffers. The model is not touched unless everything fits.

    A file that PyTorch users made with ``safetensors.torch.save_file(model.state_dict(), path)`` has the same
    names and shapes, and loads as it is.

    Args:
        model: the module to fill.
        path: a name ending in ``.safetensors`` or ``.npz``.
        strict: whether the file must hold the model's names, all of them and no others.

    Returns:
        The missing and the unexpected keys, as ``Module.load_state_dict``.

    Raises:
        FileFormatError: if the file cannot be read.
        KeyError: for missing or unexpected names, if strict.
        ValueError: for another suffix, and arrays of another shape.
        TypeError: for arrays of another kind, such as complex numbers for a real parameter.

    >>> import nn, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nn.save_weights(nn.Linear(3, 2), f"{folder}/linear.npz")
    ...     nn.load_weights(nn.Linear(3, 2, bias=False), f"{folder}/linear.npz", strict=False)
    IncompatibleKeys(missing_keys=[], unexpected_keys=['bias'])
    """
    load = load_safetensors if _format(path, "load_weights") == ".safetensors" else load_npz
    state = load(path)
    check_kinds(model, state, os.fspath(path))
    return model.load_state_dict(state, strict=strict)


def check_kinds(model: Module, state: Mapping[str, Any], source: str) -> None:
    """Check that no value of ``state`` would lose its imaginary part or its fraction in the model.

    Raises:
        TypeError: naming the first that would.
    """
    for key, own in model.state_dict().items():
        if key in state and not np.can_cast(state[key].dtype, own.dtype, "same_kind"):
            raise TypeError(
                explain(
                    source,
                    expected=f"{key} of a dtype that converts to the model's {own.dtype}",
                    got=f"dtype {state[key].dtype}",
                    remedy="load the weights of the same model",
                )
            )
