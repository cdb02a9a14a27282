"""Files that are written whole or not at all, and the error for those that are not what they should be."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from autograd_core.errors import explain

__all__ = ["FileFormatError"]


class FileFormatError(ValueError):
    """A file that is truncated, corrupted, mislabelled, or not of the format that was asked for.

    It names the file and says what is wrong with it. Whatever was to be filled from the file is as it was before.

    >>> import nn, pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "weights.safetensors")
    ...     _ = path.write_bytes(b"not weights at all")
    ...     try:
    ...         nn.load_safetensors(path)
    ...     except nn.FileFormatError as error:
    ...         print("refused:", type(error).__name__)
    refused: FileFormatError
    """


def wrong_file(path: str | os.PathLike[str], expected: str, got: str, remedy: str | None = None) -> FileFormatError:
    """The error for a file, to be raised.

    >>> print(wrong_file("a.npz", "a zip archive", "3 bytes of text", "save it again"))
    a.npz: expected a zip archive, got 3 bytes of text. To mend it: save it again.
    """
    return FileFormatError(
        explain(
            os.fspath(path),
            expected=expected,
            got=got,
            remedy=remedy or "take another copy of the file, or write it again",
        )
    )


@contextlib.contextmanager
def atomic_writer(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file for writing so that ``path`` holds either its old content or all of the new.

    The content goes into a temporary file in the same folder, is forced to the disk, and takes the name
    ``path`` in one step at the end of the block. A process killed before that leaves ``path`` as it was,
    and possibly a file ``.saving-….tmp``, which may be deleted.

    Args:
        path: the file; its folder must exist.

    Raises:
        FileNotFoundError: if the folder does not exist.
        ValueError: if ``path`` is there and is no regular file.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "note.txt")
    ...     with atomic_writer(path) as file:
    ...         _ = file.write(b"all of it")
    ...     path.read_bytes(), len(list(path.parent.iterdir()))
    (b'all of it', 1)
    """
    target = Path(os.path.realpath(path))  # a symbolic link stays one
    mode = _mode_of(target)
    if not target.parent.is_dir():
        raise FileNotFoundError(
            explain(
                os.fspath(path),
                expected="a folder that exists",
                got=f"{target.parent}, which does not",
                remedy="make the folder first",
            )
        )
    temporary = target.with_name(f".saving-{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(temporary, mode)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    sync_folder(target.parent)


def _mode_of(target: Path) -> int | None:
    """The permissions of a file that is to be replaced, or ``None`` if there is none yet."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode):
        raise ValueError(
            explain(
                os.fspath(target),
                expected="the name of a file",
                got="a folder" if stat.S_ISDIR(mode) else "a device, a pipe or the like",
                remedy="name a file",
            )
        )
    return stat.S_IMODE(mode)


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to the disk, where the system can (Windows cannot)."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
