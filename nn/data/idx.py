"""IDX files, in which MNIST and its kin come.

    bytes 0, 1   zero
    byte 2       the type of the elements: 8 unsigned byte, 9 signed byte, 11 int16, 12 int32, 13 float32,
                 14 float64
    byte 3       the number of axes
    then         the length of each axis, four bytes, big-endian
    the rest     the elements, big-endian, in C order

The format is described at http://yann.lecun.com/exdb/mnist/.
"""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from typing import Any, BinaryIO

import numpy as np

from ..files import FileFormatError, wrong_file

__all__ = ["read_idx"]

DTYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
GZIP = b"\x1f\x8b"
MAX_AXES = 8


def read_idx(path: str | os.PathLike[str]) -> Any:
    """Read an IDX file, plain or compressed by gzip (which is seen from its content, not from its name).

    Args:
        path: the file.

    Returns:
        An array of the file's dtype and shape.

    Raises:
        FileFormatError: if the file is truncated, corrupted or no IDX file.

    >>> import nn, pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "labels")
    ...     _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]))
    ...     nn.data.read_idx(path)
    array([7, 2, 1], dtype=uint8)
    """
    with open(path, "rb") as file:
        packed = file.read(2) == GZIP
        file.seek(0)
        if not packed:
            return _read(file, path)
        try:
            with gzip.GzipFile(fileobj=file) as unpacked:
                return _read(unpacked, path)
        except FileFormatError:
            raise
        except (EOFError, OSError, zlib.error, struct.error) as error:
            raise wrong_file(
                path, "a whole gzip file", f"a truncated or corrupted one ({error})", "get the file again"
            ) from None


def _read(file: Any, path: str | os.PathLike[str]) -> Any:
    dtype, shape = _read_header(file, path)
    expected = math.prod(shape) * dtype.itemsize
    size = None if isinstance(file, gzip.GzipFile) else os.fstat(file.fileno()).st_size - 4 - 4 * len(shape)
    if size is not None and size != expected:  # before any memory is taken
        raise _wrong_length(path, dtype, shape, expected, size)
    content = _read_at_most(file, expected + 1)
    if len(content) != expected:
        raise _wrong_length(path, dtype, shape, expected, len(content))
    array = np.frombuffer(content, dtype=dtype) if expected else np.empty(0, dtype)
    try:
        return array.reshape(shape).astype(dtype.newbyteorder("="), copy=False)
    except ValueError:  # no elements, and still too large for an array
        raise wrong_file(path, "a possible shape", f"{shape}") from None


def _read_at_most(file: Any, most: int) -> bytearray:
    """Read piece by piece: what a header promises takes no memory before it is there."""
    content = bytearray()
    while len(content) < most:
        piece = file.read(min(most - len(content), 1 << 20))
        if not piece:
            break
        content += piece
    return content


def _read_header(file: BinaryIO, path: str | os.PathLike[str]) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic = file.read(4)
    if len(magic) < 4:
        raise wrong_file(path, "an IDX file of at least 4 bytes", f"{len(magic)} bytes: it is truncated")
    if magic[:2] != b"\0\0" or magic[2] not in DTYPES or not 1 <= magic[3] <= MAX_AXES:
        raise wrong_file(
            path,
            f"an IDX file: two zero bytes, a type out of {list(DTYPES)}, and from 1 to {MAX_AXES} axes",
            f"the bytes {list(magic)}",
            "pass an IDX file: this one is of another kind, or corrupted",
        )
    lengths = file.read(4 * magic[3])
    if len(lengths) < 4 * magic[3]:
        raise wrong_file(path, f"the lengths of {magic[3]} axes", "the end of the file: it is truncated")
    return np.dtype(DTYPES[magic[2]]), struct.unpack(f">{magic[3]}I", lengths)


def _wrong_length(
    path: str | os.PathLike[str], dtype: np.dtype[Any], shape: tuple[int, ...], expected: int, size: int
) -> FileFormatError:
    return wrong_file(
        path,
        f"{expected} bytes of elements, for dtype {dtype.name} and shape {shape}",
        f"{size}: it is truncated" if size < expected else "more: something is appended, or the header is wrong",
        "get the file again",
    )
