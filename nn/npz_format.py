"""NumPy's ``.npz`` archives, read and written without pickle.

An ``.npz`` file is a zip archive with one ``.npy`` file per array: the bytes ``\\x93NUMPY``, a version, the
length of a header, the header ``{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }``, and the
elements. ``numpy.load`` reads what stands here, and this reads what ``numpy.savez`` writes, if it holds
numbers or truth values.
"""

from __future__ import annotations

import math
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

from .files import FileFormatError, atomic_writer, wrong_file

__all__ = ["read", "write"]

MAGIC = b"\x93NUMPY"
MAX_HEADER = 10_000
HEADER = re.compile(
    r"\{'descr': '(?P<dtype>[<>|=][biufc]\d{1,2})', 'fortran_order': (?P<fortran>True|False), "
    r"'shape': \((?P<shape>[\d, ]*)\), *\} *\n"
)
KINDS = "biufc"
DATE = (1980, 1, 1, 0, 0, 0)  # of every member, so that the same arrays make the same file

# What the standard library raises on archives that are not what they should be.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    LookupError,
    TypeError,
    ValueError,
)


def write(path: str | os.PathLike[str], arrays: Mapping[str, Any], compressed: bool = False) -> None:
    """Write arrays or Tensors, atomically.

    Args:
        path: the file.
        arrays: name -> array or Tensor.
        compressed: whether to deflate them.

    Raises:
        TypeError: for names that are not strings, and arrays of anything but numbers and truth values.
        ValueError: for a name that a zip archive cannot hold.
    """
    values = {_checked_name(name): _checked_array(name, value) for name, value in arrays.items()}
    method = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with atomic_writer(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, array in values.items():
            info = zipfile.ZipInfo(f"{name}.npy", DATE)
            info.compress_type = method
            with archive.open(info, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def _checked_name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(
            explain("save_npz", expected="names that are strings", got=repr(name), remedy=f"name it {str(name)!r}")
        )
    if "\0" in name or len(name.encode(errors="surrogatepass")) > 60_000 or (not name.isascii() and not _unicode(name)):
        raise ValueError(
            explain("save_npz", expected="a name that a zip archive can hold", got=f"{name!a}", remedy="rename it")
        )
    return name


def _unicode(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _checked_array(name: str, value: Any) -> Any:
    array = np.asarray(value._data if isinstance(value, Tensor) else value)
    if array.dtype.kind not in KINDS:
        raise TypeError(
            explain(
                "save_npz",
                expected=f"numbers or truth values in {name!r}",
                got=f"dtype {array.dtype}",
                remedy="convert them; objects are never stored, for reading them would run code",
            )
        )
    return array


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read all arrays of an archive.

    Raises:
        FileFormatError: for anything wrong with the file, before any array is given out.
    """
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                _check_members(archive, os.fstat(file.fileno()).st_size, path)
                return {
                    info.filename.removesuffix(".npy"): _read_member(archive, info, path) for info in archive.infolist()
                }
        except FileFormatError:
            raise
        except BROKEN as error:
            raise wrong_file(
                path, "a whole .npz archive", f"one that cannot be read ({type(error).__name__}: {error})"
            ) from None


def _check_members(archive: zipfile.ZipFile, size: int, path: str | os.PathLike[str]) -> None:
    names: set[str] = set()
    for info in archive.infolist():
        if not info.filename.endswith(".npy"):
            raise wrong_file(path, "members named *.npy", ascii(info.filename), "save arrays with save_npz")
        if info.filename in names:
            raise wrong_file(path, "every name once", f"{info.filename!a} twice")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits & 1:
            raise wrong_file(path, "members stored or deflated", f"{info.filename!a} packed in another way")
        names.add(info.filename)
    if sum(info.compress_size for info in archive.infolist()) > size:
        raise wrong_file(path, "members that lie one after the other", "members that overlap")


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: str | os.PathLike[str]) -> Any:
    with archive.open(info) as member:
        header, dtype, shape, fortran = _read_header(member, info.filename, path)
        expected = math.prod(shape) * dtype.itemsize
        if info.file_size != header + expected:
            raise wrong_file(
                path,
                f"{expected} bytes of elements in {info.filename!a}, of dtype {dtype} and shape {shape}",
                f"{info.file_size - header}",
            )
        content = bytearray(member.read())  # its length and its checksum are checked on the way
    if len(content) != expected:
        raise wrong_file(path, f"{expected} bytes of elements in {info.filename!a}", f"{len(content)}")
    array = np.frombuffer(content, dtype=dtype) if expected else np.empty(0, dtype)
    array = array.reshape(shape, order="F" if fortran else "C")
    return array.astype(dtype.newbyteorder("="), copy=False)


def _read_header(
    member: IO[bytes], name: str, path: str | os.PathLike[str]
) -> tuple[int, np.dtype[Any], tuple[int, ...], bool]:
    """Length of all that stands before the elements, dtype, shape, and whether columns come first."""
    first = member.read(8)
    if first[:6] != MAGIC or first[6:] not in (b"\1\0", b"\2\0"):
        raise wrong_file(path, f"an array in {name!a}", "something else", "save arrays with save_npz")
    wide = first[6] == 2
    length = int.from_bytes(member.read(4 if wide else 2), "little")
    if length > MAX_HEADER:
        raise wrong_file(path, f"a header of at most {MAX_HEADER} bytes in {name!a}", f"one of {length}")
    text = member.read(length).decode("latin1")
    found = HEADER.fullmatch(text)
    if found is None:
        raise wrong_file(
            path,
            f"numbers or truth values in {name!a}",
            f"the header {text[:80]!a}",
            "convert the arrays before saving them; objects and records are not read",
        )
    shape = tuple(int(size) for size in found["shape"].split(",") if size.strip())
    return len(first) + (4 if wide else 2) + length, np.dtype(found["dtype"]), shape, found["fortran"] == "True"
