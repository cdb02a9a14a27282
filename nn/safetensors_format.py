"""The file format safetensors, read and written: a JSON header that describes arrays, then their bytes.

    8 bytes   length n of the header, a little-endian integer
    n bytes   {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}, padded with spaces
    the rest  the arrays' elements, little-endian, in C order, each array's from its first offset to its second

``"__metadata__"`` in the header maps strings to strings. Offsets count from the end of the header; together
the arrays fill the rest of the file without a gap. Nothing in such a file is ever executed. The format is
described at https://github.com/huggingface/safetensors.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import struct
from collections.abc import Mapping
from io import BufferedReader
from typing import Any, NamedTuple

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

from .files import atomic_writer, wrong_file

__all__ = ["read", "write"]

MAX_HEADER = 100_000_000
"""Bytes; the limit that other readers of the format keep to."""

MAX_AXES = 64
"""As many as an array can have."""

DTYPES = {
    "BOOL": "|b1",
    "U8": "|u1",
    "I8": "|i1",
    "U16": "<u2",
    "I16": "<i2",
    "F16": "<f2",
    "BF16": "<u2",  # the upper half of a float32: read as float32
    "U32": "<u4",
    "I32": "<i4",
    "F32": "<f4",
    "U64": "<u8",
    "I64": "<i8",
    "F64": "<f8",
    "C64": "<c8",
}
"""The format's names of dtypes and how their elements lie in the file."""

NAMES = {np.dtype(code): name for name, code in DTYPES.items() if name != "BF16"}

METADATA = "__metadata__"
UNSIGNED = "0" * 64
"""Stands in the place of the checksum while it is computed."""


class Entry(NamedTuple):
    """What the header says of one array."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


# -- writing ---------------------------------------------------------------------------------------


def write(
    path: str | os.PathLike[str],
    tensors: Mapping[str, Any],
    metadata: Mapping[str, str] | None = None,
    checksum: str | None = None,
) -> None:
    """Write arrays or Tensors, atomically.

    Args:
        path: the file.
        tensors: name -> array or Tensor.
        metadata: strings to keep beside them.
        checksum: the name in the metadata under which to note the SHA-256 of all that is in the file.

    Raises:
        TypeError: for names and metadata that are not strings, and dtypes that the format does not know.
        ValueError: for a name that the format reserves, and a header beyond its limit.
    """
    arrays = {_checked_name(name): _as_stored(name, value) for name, value in tensors.items()}
    # Wide elements first, so that every array begins at a multiple of its elements' size.
    order = sorted(arrays, key=lambda name: -arrays[name].itemsize)
    notes = _checked_metadata(metadata)
    if checksum is not None:
        notes[checksum] = UNSIGNED
    header = _header(arrays, order, notes)
    if checksum is not None:
        digest = hashlib.sha256(header)
        for name in order:
            digest.update(_bytes_of(arrays[name]))
        header = header.replace(_signature(checksum, UNSIGNED), _signature(checksum, digest.hexdigest()))
    with atomic_writer(path) as file:
        file.write(header)
        for name in order:
            file.write(_bytes_of(arrays[name]))


def _checked_name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(
            explain(
                "save_safetensors", expected="names that are strings", got=repr(name), remedy=f"name it {str(name)!r}"
            )
        )
    if name == METADATA:
        raise ValueError(
            explain(
                "save_safetensors",
                expected="names of arrays",
                got=f"{METADATA!r}, which the format keeps for strings",
                remedy="rename the array, or pass strings as metadata=",
            )
        )
    return name


def _as_stored(name: str, value: Any) -> Any:
    """The array as it will lie in the file: C order, little-endian."""
    array = np.asarray(value._data if isinstance(value, Tensor) else value)
    little = array.dtype.newbyteorder("<")
    if little not in NAMES:
        raise TypeError(
            explain(
                "save_safetensors",
                expected=f"{name!r} of one of the dtypes {', '.join(str(dtype) for dtype in NAMES)}",
                got=f"dtype {array.dtype}",
                remedy="convert it, or use save_npz, which stores complex128 too",
            )
        )
    return np.asarray(array, dtype=little, order="C")


def _checked_metadata(metadata: Mapping[str, str] | None) -> dict[str, str]:
    notes = dict(metadata or {})
    for key, text in notes.items():
        if not isinstance(key, str) or not isinstance(text, str):
            raise TypeError(
                explain(
                    "save_safetensors",
                    expected="metadata that maps strings to strings",
                    got=f"{key!r}: {text!r}",
                    remedy="convert numbers with str(...), nested data with json.dumps(...)",
                )
            )
    return notes


def _header(arrays: Mapping[str, Any], order: list[str], notes: Mapping[str, str]) -> bytes:
    """Length and text of the header. Entries stand in the order given, which readers may keep."""
    ends = np.cumsum([0, *(arrays[name].nbytes for name in order)]).tolist()
    offsets = {name: [ends[i], ends[i + 1]] for i, name in enumerate(order)}
    entries: dict[str, Any] = {METADATA: notes} if notes else {}
    for name, array in arrays.items():
        entries[name] = {"dtype": NAMES[array.dtype], "shape": list(array.shape), "data_offsets": offsets[name]}
    try:
        text = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            explain(
                "save_safetensors",
                expected="names and metadata that are valid Unicode",
                got=f"{error.object[error.start : error.end]!a}",
                remedy="remove half surrogate pairs",
            )
        ) from None
    text += b" " * (-len(text) % 8)
    if len(text) > MAX_HEADER:
        raise ValueError(
            explain(
                "save_safetensors",
                expected=f"a header of at most {MAX_HEADER} bytes",
                got=f"{len(text)}",
                remedy="put less into the metadata, or spread the arrays over several files",
            )
        )
    return struct.pack("<Q", len(text)) + text


def _bytes_of(array: Any) -> Any:
    return array.reshape(-1).view(np.uint8).data


def _signature(checksum: str, value: str) -> bytes:
    return f"{json.dumps(checksum)}:{json.dumps(value)}".encode()


# -- reading ---------------------------------------------------------------------------------------


def read(path: str | os.PathLike[str], checksum: str | None = None) -> tuple[dict[str, Any], dict[str, str]]:
    """Read the arrays, in the order of the header, and the metadata.

    Args:
        path: the file.
        checksum: the name in the metadata of the checksum that must be there and be right, if given.

    Raises:
        FileFormatError: for anything wrong with the file, before any array is given out.
    """
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        text = _read_header(file, size, path)
        header = _parse(text, path)
        notes = _read_metadata(header.pop(METADATA, {}), path)
        entries = [_entry(name, given, path) for name, given in header.items()]
        in_order = sorted(entries, key=lambda entry: (entry.begin, entry.end))
        _check_offsets(in_order, size - 8 - len(text), path)
        digest = None if checksum is None else _unsigned_digest(text, notes, checksum, path)
        arrays = {entry.name: _read_array(file, entry, digest, path) for entry in in_order}
    if checksum is not None and digest is not None and digest.hexdigest() != notes.pop(checksum):
        raise wrong_file(path, "content that agrees with the checksum in it", "other content: some bytes have changed")
    return {entry.name: arrays[entry.name] for entry in entries}, notes


def _read_header(file: BufferedReader, size: int, path: str | os.PathLike[str]) -> bytes:
    first = file.read(8)
    if len(first) < 8:
        raise wrong_file(path, "a safetensors file of at least 8 bytes", f"{len(first)} bytes: it is truncated")
    (length,) = struct.unpack("<Q", first)
    if length > MAX_HEADER:
        raise wrong_file(
            path,
            f"the length of a safetensors header first, at most {MAX_HEADER}",
            f"{length}",
            "pass a safetensors file: this one is of another kind, or corrupted",
        )
    if length > size - 8:
        raise wrong_file(path, f"a header of {length} bytes", f"a file of {size} bytes: it is truncated")
    return file.read(length)


def _parse(text: bytes, path: str | os.PathLike[str]) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("a name stands there twice")
        return found

    def refuse(name: str) -> Any:
        raise ValueError(f"{name} is not JSON")

    try:
        if not text.startswith(b"{"):
            raise ValueError("it does not begin with a brace")
        header = json.loads(text.decode(), object_pairs_hook=unique, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise wrong_file(path, "a header in JSON with every name once", f"another one ({error})") from None
    return header


def _read_metadata(notes: Any, path: str | os.PathLike[str]) -> dict[str, str]:
    if not isinstance(notes, dict) or not all(isinstance(text, str) for text in notes.values()):
        raise wrong_file(path, f"{METADATA} that maps strings to strings", "something else there")
    return notes


def _entry(name: str, given: Any, path: str | os.PathLike[str]) -> Entry:
    if not isinstance(given, dict) or given.keys() != {"dtype", "shape", "data_offsets"}:
        raise wrong_file(path, f"dtype, shape and data_offsets of {name!a}", _short(given))
    dtype, shape, offsets = given["dtype"], given["shape"], given["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise wrong_file(path, f"a dtype of {name!a} out of {', '.join(DTYPES)}", _short(dtype))
    if not _sizes(shape) or len(shape) > MAX_AXES:
        raise wrong_file(path, f"a shape of {name!a}, at most {MAX_AXES} whole numbers", _short(shape))
    if not _sizes(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise wrong_file(path, f"two rising data_offsets of {name!a}", _short(offsets))
    expected = math.prod(shape) * np.dtype(DTYPES[dtype]).itemsize
    if offsets[1] - offsets[0] != expected:
        raise wrong_file(
            path,
            f"{expected} bytes of {name!a}, which has dtype {dtype} and shape {_short(shape)}",
            f"data_offsets over {offsets[1] - offsets[0]} bytes",
        )
    return Entry(name, dtype, tuple(shape), *offsets)


def _sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(size) is int and 0 <= size < 2**63 for size in value)


def _short(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _check_offsets(in_order: list[Entry], available: int, path: str | os.PathLike[str]) -> None:
    """Check that the arrays lie one after the other and fill the file."""
    position = 0
    for entry in in_order:
        if entry.begin != position:
            what = "a hole" if entry.begin > position else "two arrays on the same bytes"
            raise wrong_file(
                path, f"the bytes of {entry.name!a} to begin at {position}", f"{entry.begin}: there is {what}"
            )
        position = entry.end
    if position != available:
        what = "it is truncated" if position > available else "something is appended"
        raise wrong_file(path, f"{position} bytes of arrays", f"{available}: {what}")


def _unsigned_digest(text: bytes, notes: Mapping[str, str], checksum: str, path: str | os.PathLike[str]) -> Any:
    """The checksum of the header as it was before the checksum was put into it."""
    signature = _signature(checksum, notes.get(checksum, ""))
    if text.count(signature) != 1 or len(notes[checksum]) != len(UNSIGNED):
        raise wrong_file(path, f"a checksum {checksum!r} in the metadata", "none")
    unsigned = text.replace(signature, _signature(checksum, UNSIGNED))
    return hashlib.sha256(struct.pack("<Q", len(text)) + unsigned)


def _read_array(file: BufferedReader, entry: Entry, digest: Any, path: str | os.PathLike[str]) -> Any:
    try:
        array = np.empty(entry.shape, dtype=DTYPES[entry.dtype])
    except ValueError as error:  # such as (0, 2**62): no elements, and still too large for an array
        raise wrong_file(path, f"a possible shape of {entry.name!a}", f"{_short(entry.shape)} ({error})") from None
    if array.size:
        content = _bytes_of(array)
        if file.readinto(content) != array.nbytes:
            raise wrong_file(path, f"{array.nbytes} bytes of {entry.name!a}", "fewer: the file became shorter")
        if digest is not None:
            digest.update(content)
    if entry.dtype == "BF16":
        return np.asarray(array.astype(np.uint32) << 16).view(np.float32)
    if entry.dtype == "BOOL" and array.size and array.view(np.uint8).max() > 1:
        raise wrong_file(path, f"bytes 0 and 1 in {entry.name!a}, which is boolean", "others")
    return array.astype(array.dtype.newbyteorder("="), copy=False)
